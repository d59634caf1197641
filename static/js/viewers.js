// Results shown as what they are.

import "./viewers/model.js";
import "./viewers/layers.js";
import "./viewers/compare.js";
import "./viewers/shapes.js";
import "./viewers/tables.js";
import "./viewers/lightbox.js";

// What every page does.

import "./theme.js";
import "./forms.js";
import "./shortcuts.js";
import "./notices.js";
import "./lists.js";

document.documentElement.classList.add("js");

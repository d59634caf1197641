"""Where things stand in each shape of picture, clear of the platforms' own buttons."""

from dataclasses import dataclass

from ads.styles import Aspect


@dataclass(frozen=True, kw_only=True)
class Area:
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The places of one scene."""

    width: int
    height: int
    text: Area
    align: str
    product: Area
    captions: Area
    # Only the end card has one.
    button: Area | None = None

    @property
    def unit(self) -> float:
        """A thousand-and-eightieth of the shorter side: a pixel of a Full HD picture."""
        return min(self.width, self.height) / 1080

    @property
    def reach(self) -> float:
        """How wide the light, the ring or the disc around the product may be."""
        sides = sorted((self.product.width, self.product.height))
        # The widest ring has 0.6 of it as its radius, and stays clear of the text.
        return min(sides[1], sides[0] * 1.12, self._free_height / 0.6)

    @property
    def _free_height(self) -> float:
        """From the product's middle to text above or below it."""
        _, y = self.product.middle
        if self.text.top <= y <= self.text.bottom:
            return float(self.height)
        return min(abs(y - self.text.top), abs(y - self.text.bottom))

    @property
    def floor(self) -> float:
        """Where the product stands."""
        return self.product.bottom


# Shares of width and height. The lowest third and the right edge of tall videos lie
# under TikTok's and Instagram's buttons.
_SAFE = {
    Aspect.WIDE: (0.05, 0.06, 0.95, 0.94),
    Aspect.TALL: (0.06, 0.085, 0.85, 0.655),
    Aspect.SQUARE: (0.06, 0.06, 0.94, 0.94),
}


def safe_area(aspect: Aspect, size_px: tuple[int, int]) -> Area:
    return _area(_SAFE[aspect], size_px)


def layout_of(aspect: Aspect, size_px: tuple[int, int], *, scene: int) -> Layout:
    """The places of a scene, 1 to 4; the fourth is the end card."""
    if aspect is Aspect.WIDE:
        places = _wide(scene)
    elif aspect is Aspect.TALL:
        places = _tall(scene)
    else:
        places = _square(scene)
    text, align, product, captions, button = places
    return Layout(
        width=size_px[0],
        height=size_px[1],
        text=_area(text, size_px),
        align=align,
        product=_area(product, size_px),
        captions=_area(captions, size_px),
        button=_area(button, size_px) if button else None,
    )


_Shares = tuple[float, float, float, float]
_Places = tuple[_Shares, str, _Shares, _Shares, _Shares | None]


def _wide(scene: int) -> _Places:
    captions = (0.15, 0.81, 0.85, 0.93)
    if scene == 2:
        return (0.54, 0.2, 0.93, 0.74), "left", (0.1, 0.14, 0.47, 0.78), captions, None
    if scene == 4:
        button = (0.55, 0.6, 0.93, 0.71)
        text = (0.55, 0.2, 0.94, 0.56)
        return text, "left", (0.09, 0.14, 0.48, 0.78), captions, button
    if scene == 3:
        # Nearer: the product fills the height.
        return (0.07, 0.2, 0.45, 0.74), "left", (0.5, 0.06, 0.95, 0.8), captions, None
    return (0.07, 0.2, 0.47, 0.74), "left", (0.53, 0.14, 0.9, 0.78), captions, None


def _tall(scene: int) -> _Places:
    captions = (0.06, 0.58, 0.85, 0.652)
    if scene == 4:
        button = (0.14, 0.507, 0.78, 0.562)
        text = (0.06, 0.09, 0.85, 0.21)
        return text, "center", (0.14, 0.235, 0.78, 0.485), captions, button
    text = (0.06, 0.088, 0.85, 0.236)
    return text, "center", (0.1, 0.268, 0.82, 0.572), captions, None


def _square(scene: int) -> _Places:
    captions = (0.08, 0.82, 0.92, 0.93)
    if scene == 4:
        button = (0.24, 0.69, 0.76, 0.785)
        text = (0.08, 0.52, 0.92, 0.67)
        return text, "center", (0.2, 0.08, 0.8, 0.49), captions, button
    text = (0.07, 0.07, 0.93, 0.27)
    return text, "center", (0.17, 0.3, 0.83, 0.77), captions, None


def _area(shares: _Shares, size_px: tuple[int, int]) -> Area:
    width, height = size_px
    return Area(
        left=shares[0] * width,
        top=shares[1] * height,
        right=shares[2] * width,
        bottom=shares[3] * height,
    )

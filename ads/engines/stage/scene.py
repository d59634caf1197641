"""One scene as frames: stage, product, letters and captions, and the way in and out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ads.engines.stage.backdrop import ClipBackdrop
from ads.engines.stage.bold import BoldStage
from ads.engines.stage.canvas import Canvas, Pixels
from ads.engines.stage.energetic import EnergeticStage
from ads.engines.stage.layout import Area, Layout, layout_of
from ads.engines.stage.lettering import SIDES, Button, Lettering
from ads.engines.stage.luxury import LuxuryStage
from ads.engines.stage.minimal import MinimalStage
from ads.engines.stage.motion import Matrix, Pose, Shot, ease_out, overshoot
from ads.engines.stage.palette import palette_of
from ads.engines.stage.props import emblem, load_product
from ads.engines.stage.scenery import Setting, Stage
from ads.engines.stage.sprites import Pyramid
from ads.engines.stage.subtitles import Subtitles
from ads.script import Camera, Look, Scene
from ads.styles import Aspect, Style, StyleName, style_of
from ads.timing import FPS, Span
from jobs.toolbox import fonts
from jobs.toolbox.captions import Cue

_STAGES: dict[StyleName, Callable[[Setting], Stage]] = {
    StyleName.LUXURY: LuxuryStage,
    StyleName.ENERGETIC: EnergeticStage,
    StyleName.MINIMAL: MinimalStage,
    StyleName.BOLD: BoldStage,
}


@dataclass(frozen=True, kw_only=True)
class ScenePlan:
    """All that decides how a scene looks."""

    style: StyleName
    aspect: Aspect
    scene: Scene
    title: str
    cta: str
    span: Span
    beat_s: float
    seed: int
    look: Look | None = None
    product: Path | None = None
    logo: Path | None = None
    # In the seconds of the scene.
    cues: Sequence[Cue] = ()
    # A film in place of the style's own backdrop; the product still stands before it.
    clip: Path | None = None
    size_px: tuple[int, int] | None = None

    @property
    def frame_size_px(self) -> tuple[int, int]:
        return self.size_px or self.aspect.size_px

    @property
    def is_first(self) -> bool:
        return self.scene.index == 1

    @property
    def is_last(self) -> bool:
        return self.scene.index == 4


class SceneRenderer:
    """Draws any frame of a scene; frames do not depend on each other."""

    def __init__(self, plan: ScenePlan) -> None:
        self.plan = plan
        self.style: Style = style_of(plan.style)
        width, height = plan.frame_size_px
        self.layout: Layout = layout_of(
            plan.aspect, (width, height), scene=plan.scene.index
        )
        self.palette = palette_of(plan.style, plan.look, plan.seed)
        self.stage = _STAGES[plan.style](
            Setting(
                layout=self.layout,
                palette=self.palette,
                scene=plan.scene.index,
                seed=plan.seed,
                beat_s=plan.beat_s,
                seconds=plan.span.seconds,
                title=plan.title,
            )
        )
        self.product: Pyramid = (
            load_product(plan.product)
            if plan.product
            else emblem(plan.title, self.style, self.palette)
        )
        self._shot = self._frame_product()
        self.letters = self._set_type()
        self.button = self._make_button()
        self._logo = load_product(plan.logo) if plan.logo and plan.is_last else None
        self._subtitles = Subtitles(
            plan.cues, self.style, self.layout.captions, self.layout.unit
        )
        self._still: Canvas | None = None
        self._clip = (
            ClipBackdrop(plan.clip, plan.frame_size_px, seconds=plan.span.seconds)
            if plan.clip
            else None
        )

    # The product ----------------------------------------------------------------------

    def _frame_product(self) -> Shot:
        area, scene = self.layout.product, self.plan.scene
        wide, high = self.product.size_px
        height = min(area.height * 0.9, area.width * 0.92 * high / wide)
        camera = Camera.STILL if self.plan.is_last else scene.camera
        x, y = area.middle
        # It stands on the floor rather than hangs in the middle.
        low = area.bottom - height / 2
        return Shot(
            camera=camera,
            energy=self.style.energy,
            x=x,
            y=low * 0.7 + y * 0.3,
            height=height,
            still_after=1.2 / self.plan.span.seconds if self.plan.is_last else None,
        )

    def pose(self, frame: int) -> Pose:
        """Where the product stands in a frame of the scene."""
        t = frame / FPS
        resting = self._rests(t)
        pose = self._shot.pose(frame / max(self.plan.span.frames, 1))
        swell = 1.0 if resting else self.stage.pulse(t)
        come = 1.0
        if self.plan.style in (StyleName.ENERGETIC, StyleName.BOLD):
            come = overshoot(t / 0.5)
        bottom = pose.y + pose.height / 2
        height = pose.height * swell * (0.7 + 0.3 * come)
        return Pose(
            x=pose.x,
            y=bottom - height / 2,
            height=height,
            roll_deg=pose.roll_deg,
            yaw_deg=pose.yaw_deg,
        )

    def product_matrix(self, frame: int) -> Matrix:
        """From the pixels of the product's picture to those of a frame."""
        return self.pose(frame).matrix(*self.product.size_px)

    # Letters --------------------------------------------------------------------------

    def _set_type(self) -> Lettering:
        plan, style = self.plan, self.style
        leaves = None if plan.is_last else plan.span.seconds - 0.34
        letters = Lettering(style, leaves_s=leaves)
        late = 0.1 if plan.is_first else style.transition_s * 0.6
        kicker = "" if plan.is_last else self._kicker()
        area, unit = self.layout.text, self.layout.unit
        high = {Aspect.WIDE: 128, Aspect.TALL: 98, Aspect.SQUARE: 96}[plan.aspect]
        if style.name is StyleName.BOLD:
            high = round(high * 1.25)
        kicker_px = 34 * unit
        top = self._text_top(self._headline, area, high * unit, bool(kicker), kicker_px)
        if kicker:
            letters.add(
                kicker,
                style.kicker,
                replace(area, top=top, bottom=top + kicker_px * 1.5),
                colour=self._kicker_ink(),
                align=self._align,
                largest_px=kicker_px,
                smallest_px=kicker_px * 0.6,
                enters_s=late,
                max_lines=1,
            )
            top += kicker_px * 2.0
        letters.add(
            self._headline,
            style.headline,
            replace(area, top=top),
            colour=self.palette.ink,
            align=self._align,
            largest_px=high * unit,
            smallest_px=34 * unit,
            enters_s=late + 0.08,
        )
        return letters

    @property
    def _headline(self) -> str:
        plan = self.plan
        return plan.title if plan.is_last else plan.scene.on_screen_text

    @property
    def _align(self) -> str:
        """One edge for all text of the scene: the one that its headline starts from."""
        align = self.layout.align
        if align == "left" and fonts.is_right_to_left(self._headline):
            return "right"
        return align

    def _text_top(
        self, text: str, area: Area, largest: float, kicker: bool, kicker_px: float
    ) -> float:
        """Where the text starts so that it stands in the middle of its area's height."""
        above = kicker_px * 2.0 if kicker else 0.0
        size, lines = fonts.fitted(
            text,
            self.style.headline,
            max_width_px=area.width,
            max_height_px=area.height - above,
            largest_px=round(largest),
            smallest_px=round(34 * self.layout.unit),
        )
        high = above + len(lines) * size * self.style.headline.line_height
        return area.top + max(area.height - high, 0) * 0.5

    def _kicker(self) -> str:
        plan = self.plan
        if plan.scene.on_screen_text.casefold() == plan.title.casefold():
            return ""
        return plan.title if len(plan.title) <= 28 else ""

    def _kicker_ink(self) -> tuple[int, int, int]:
        if self.style.name is StyleName.BOLD:
            return self.palette.ink
        return self.palette.accent

    def _make_button(self) -> Button | None:
        if self.layout.button is None:
            return None
        return Button(
            self.plan.cta,
            self.style,
            self.layout.button,
            ground=self.palette.accent,
            ink=self.palette.on_accent,
            align=self._align,
            enters_s=0.0 if self.plan.span.seconds < 4 else 0.5,
        )

    # Frames ---------------------------------------------------------------------------

    def _rests(self, t: float) -> bool:
        """Whether the end card has come to its rest."""
        button = self.button.rested_s if self.button else 0.0
        return self.plan.is_last and t > max(1.3, self.letters.rested_s, button) + 0.1

    def repeats(self, frame: int) -> bool:
        """Whether a frame shows what the one before it does."""
        now, before = frame / FPS, (frame - 1) / FPS
        same = self._subtitles.state(now) == self._subtitles.state(before)
        return self._rests(before) and same

    def draw(self, frame: int) -> Canvas:
        """A frame of the scene, on a canvas of its own."""
        canvas = Canvas(*self.plan.frame_size_px)
        self.draw_on(canvas, frame)
        return canvas

    def draw_on(self, canvas: Canvas, frame: int) -> None:
        """A frame of the scene, over whatever was there."""
        t = frame / FPS
        if self._rests(t):
            if self._still is None:
                self._still = Canvas(*self.plan.frame_size_px)
                self._compose(self._still, frame, t)
            canvas.show(self._still)
        else:
            self._compose(canvas, frame, t)
        self._subtitles.draw(canvas, t)
        self._cover(canvas, frame)

    def _compose(self, canvas: Canvas, frame: int, t: float) -> None:
        pose = self.pose(frame)
        if self._clip is not None:
            canvas.show(self._clip.frame(frame))
        else:
            self.stage.behind(canvas, t, pose)
        self.stage.under(canvas, self.product, pose)
        self.product.lay(canvas, pose.matrix(*self.product.size_px))
        self.letters.draw(canvas, t)
        if self.button is not None:
            self.button.draw(canvas, t)
        if self._logo is not None:
            self._draw_logo(canvas, t)

    def _draw_logo(self, canvas: Canvas, t: float) -> None:
        assert self._logo is not None
        text, unit = self.layout.text, self.layout.unit
        wide, high = self._logo.size_px
        height = min(90 * unit, 300 * unit * high / wide)
        width = height * wide / high
        x = text.left + width / 2 + (text.width - width) * SIDES[self._align]
        y = max(text.top - height * 0.8, height * 0.9)
        pose = Pose(x=x, y=y, height=height)
        self._logo.lay(
            canvas, pose.matrix(wide, high), opacity=ease_out((t - 0.4) / 0.6)
        )

    def _cover(self, canvas: Canvas, frame: int) -> None:
        half = max(round(self.style.transition_s * FPS), 1)
        left = self.plan.span.frames - frame
        if not self.plan.is_first and frame < half:
            # The cut itself lies between two frames, both of them covered.
            self.stage.cover(canvas, 1 - frame / half, leaving=False)
        elif not self.plan.is_last and left <= half:
            self.stage.cover(canvas, 1 - (left - 1) / half, leaving=True)


def empty_stage(plan: ScenePlan) -> Pixels:
    """The style's stage with nothing on it, as a picture to start a film from."""
    renderer = SceneRenderer(plan)
    canvas = Canvas(*plan.frame_size_px)
    renderer.stage.behind(canvas, plan.span.seconds / 2, renderer.pose(0))
    return canvas.rgb()

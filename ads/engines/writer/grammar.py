"""Sentences by style and place in the ad.

`[a|b]` is a choice; `{name}`, `{feature}`, `{colour}`, `{shape}` and `{cta}` are gaps. A
sentence with a gap that nothing fills is left out. Nothing here claims more than what
was told of the product or seen in its picture.
"""

from dataclasses import dataclass

from ads.styles import StyleName


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """Pools of sentences for one style."""

    # What the viewer reads first, and hears first.
    hook: tuple[tuple[str, str], ...]
    hook_more: tuple[str, ...]
    reveal: tuple[str, ...]
    look: tuple[str, ...]
    feature: tuple[str, ...]
    plain_feature: tuple[str, ...]
    detail: tuple[str, ...]
    detail_text: tuple[str, ...]
    close: tuple[str, ...]
    moods: tuple[str, str, str, str]


GRAMMAR: dict[StyleName, Phrases] = {
    StyleName.LUXURY: Phrases(
        hook=(
            (
                "Worth a [second|longer] look",
                "Some things are worth a [second|longer] look.",
            ),
            ("Take your time", "Take your time with this one."),
            ("A quieter kind of beautiful", "There is a quieter kind of beautiful."),
            (
                "For the [moments|hours] you keep",
                "For the [moments|hours] you keep for yourself.",
            ),
            ("Chosen, not hurried", "Some things are chosen, never hurried."),
            ("Made to be noticed. Softly.", "Made to be noticed. Softly."),
            ("The art of less noise", "Let the rest of the room go quiet."),
        ),
        hook_more=(
            "[Come|Step] a little closer.",
            "No hurry. Just look.",
            "Let the light do the talking.",
            "You will know it when you see it.",
        ),
        reveal=(
            "This is {name}.",
            "[May we present|Allow us to introduce]: {name}.",
            "Its name is {name}.",
            "Here it is.",
        ),
        look=(
            "In {colour}, [caught|held] by the light.",
            "{Colour}, from every side.",
            "A {shape} outline, in {colour}.",
            "Every line of it, exactly as it is.",
        ),
        feature=(
            "{Feature}.",
            "With {feature}.",
            "Consider {feature}.",
        ),
        plain_feature=("{Feature}.",),
        detail=(
            "Look closely.",
            "What you see is precisely what it is.",
            "Let your eyes [rest|linger] on it a while.",
            "Nothing added. Nothing hidden.",
        ),
        detail_text=(
            "Look closer",
            "Every line, as it is",
            "In {colour}",
            "Nothing hidden",
        ),
        close=(
            "{name}. {cta}.",
            "{name}. When you are ready: {cta}.",
            "{cta}.",
        ),
        moods=("hushed", "unveiling", "intimate", "assured"),
    ),
    StyleName.ENERGETIC: Phrases(
        hook=(
            ("Ready? [Go|Here we go]!", "Ready? Here we go!"),
            ("Stop scrolling!", "Hey! Stop scrolling for a second!"),
            ("Turn it up!", "Okay, turn it up!"),
            ("You have to see this", "You have got to see this!"),
            ("Wait for it…", "Wait for it. Wait for it. There!"),
            ("Wake up your [day|week]!", "Let's wake up your [day|week]!"),
        ),
        hook_more=(
            "[Blink|Look away] and you miss it!",
            "Eyes up here!",
            "This one moves!",
            "Let's go!",
        ),
        reveal=(
            "Say hello to {name}!",
            "It's {name}!",
            "Meet {name}!",
            "[Boom|There it is]: {name}!",
            "Say hello!",
        ),
        look=(
            "In {colour}! Look at that!",
            "{Colour}! [All over|Everywhere you look]!",
            "That {shape} shape? Yes please!",
            "Spin it, tilt it, look at it!",
        ),
        feature=(
            "You get {feature}!",
            "{Feature}? Yes!",
            "{Feature}! Check!",
        ),
        plain_feature=("{Feature}!", "{Feature}? Check!"),
        detail=(
            "Now get closer!",
            "See it from up here!",
            "And again, from this side!",
            "That's the real thing, right there!",
        ),
        detail_text=(
            "Get closer!",
            "In {colour}!",
            "The real thing",
            "Look at it go",
        ),
        close=(
            "{name}! {cta}!",
            "So? {cta}!",
            "{cta}!",
        ),
        moods=("sparked", "bursting", "racing", "triumphant"),
    ),
    StyleName.MINIMAL: Phrases(
        hook=(
            ("Less, but seen", "Here is one thing. Only one."),
            ("One thing", "One thing at a time. This one."),
            ("Simple things first", "Simple things first."),
            ("Room to [look|breathe]", "A little room to [look|breathe]."),
            ("Just this", "No noise. Just this."),
            ("Start with the shape", "Start with the shape. Then everything else."),
        ),
        hook_more=(
            "Nothing else in the picture.",
            "That is all there is to see.",
            "Take a breath.",
        ),
        reveal=(
            "It is called {name}.",
            "{name}.",
            "This is {name}.",
            "This is it.",
        ),
        look=(
            "In {colour}.",
            "A {shape} form, in {colour}.",
            "{Colour}, and room around it.",
            "As it is, on plain ground.",
        ),
        feature=(
            "{Feature}.",
            "It has {feature}.",
            "There is {feature}.",
        ),
        plain_feature=("{Feature}.",),
        detail=(
            "A closer look.",
            "No filter, no tricks.",
            "Turn it a little, and look again.",
            "What you see is what it is.",
        ),
        detail_text=("A closer look", "As it is", "In {colour}", "No tricks"),
        close=(
            "{name}. {cta}.",
            "That is all. {cta}.",
            "{cta}.",
        ),
        moods=("still", "clear", "attentive", "settled"),
    ),
    StyleName.BOLD: Phrases(
        hook=(
            ("Look [here|up]", "Look here. Right here."),
            ("No small talk", "No small talk. Let's get to it."),
            ("Big? [Watch|Look]", "You wanted something to look at? Look."),
            ("Make room", "Make room. Something is coming."),
            ("Loud on purpose", "This is loud on purpose."),
            ("Straight to it", "Straight to it."),
        ),
        hook_more=(
            "No whispering.",
            "Front and centre.",
            "Eyes forward.",
            "We will keep it short.",
        ),
        reveal=(
            "{name}.",
            "The name: {name}.",
            "They call it {name}. Remember that.",
            "Here it stands.",
        ),
        look=(
            "{Colour}. Solid.",
            "{Colour}, and not shy about it.",
            "That outline? {Shape}. On purpose.",
            "Seen head-on, as it is.",
        ),
        feature=(
            "{Feature}. Done.",
            "Fact: {feature}.",
            "{Feature}. That simple.",
        ),
        plain_feature=("{Feature}.", "Fact: {feature}."),
        detail=(
            "Closer.",
            "This is the real one. No retouching.",
            "Go on, stare.",
            "Look at it again.",
        ),
        detail_text=("Closer", "{Colour}. Solid.", "The real one", "Go on, stare"),
        close=(
            "{name}. {cta}.",
            "You know the name. {cta}.",
            "{cta}.",
        ),
        moods=("blunt", "towering", "unblinking", "final"),
    ),
}

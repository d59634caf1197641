"""A little knowledge of English: empty words, words alike, words opposed, words of a kind."""

from functools import cache, lru_cache

# The same words, sentences and terms are compared over and over: this many are kept.
_KEPT = 1 << 15

STOPWORDS = frozenset(
    """a about above after again against all almost also although always am among an and
    any anything are around as at away back be became because become becomes been before
    began begin begins being below between both but by call called calls came can cannot
    come comes could did do does doing done down during each either else enough even ever
    every everything far few first for from further gave get gets getting give given
    gives go goes going gone got had has have having he hence her here hers herself him
    himself his how however i if in indeed inside instead into is it its itself just keep
    keeps kept knew know known knows last later least less let lets like likely made
    make makes making many may maybe me mean means might mine more most much must my
    myself near nearly need needs neither never next no none nor not nothing now of off
    often on once one ones only onto or other others otherwise our ours out over own per
    perhaps put puts quite rather really said same saw say says second see seem seems
    seen several shall she should show shown shows since so some something soon still
    such take takes taken than that the their theirs them themselves then there therefore
    these they thing things third this those though three through thus to together too
    took toward towards two under unless until up upon us use used uses using usually
    very want wants was way ways we well went were what whatever when where whether which
    while who whole whom whose why will with within without would yes yet you your yours
    yourself""".split()
)

# Words that carry no subject of their own: talk about the lesson, and everyday words.
EVERYDAY = frozenset(
    """able actual actually add another answer area ask bad bass begin best better big
    bigger bit bring build change check chapter close common commonly course day days
    different difficult easy end ends example examples fact few final finally find finish
    following follow follows form four five six seven eight nine ten get good great group
    happen happens hard help helps high higher home hour hours idea ideas important
    interesting kind kinds large larger learn learned lecture left lesson lessons level
    list little live long longer look looks lot low lower main minute minutes moment move
    moves name new number numbers old open order part parts people perfect piece place
    places point points possible problem problems product question questions quick quickly
    ready reason reasons remember result results right run sense set short side sides
    similar simple simply single size slide slides slow slowly small smaller special start
    starts step steps stop story strong student students sum summary sure talk teacher
    term terms thank thanks think time times today top topic try turn turns type types
    understand usual video watch watching week welcome word words work works world wrong
    year years hello okay section image picture figure again also hundred thousand
    directly rises rise gets ensures exactly roughly mainly mostly begins breathe found
    every each half quarter red
    blue green yellow black white brown orange purple grey gray bright dark tiny huge
    whole entire single complete certain amount amounts local same domestic""".split()
)

# Verbs that lessons use to say what does what; their forms are made below.
_VERBS = """absorb act affect allow approach attach attract balance bend bind block boil
boost break build burn calculate capture carry cause change charge collect combine compare
compress compute connect consume contain control convert cool copy cover create cross
decay decide decode decrease define deliver depend describe destroy detect determine
develop digest direct discover dissolve divide double drive drop eat emit enable encode
enter escape evaporate evolve exchange execute exist expand explain express extract fall
feed fill filter find fix float flow fold force form freeze fuse generate grow guide hold
ignite improve include increase inform inherit insert interact invent invest join keep
kill lead lift limit link load lock lose lower maintain map mark match measure melt merge
mix move multiply need observe obtain occur oppose orbit organise organize originate
oxidise oxidize pass perform power prevent process produce protect provide pull pump
push raise react read receive record recycle reduce reflect regulate release remain
remove repair repel replace replicate represent require resist respond return rise rotate
sample scan send separate shape share shift shrink signal slow solve sort speed spin
split spread stop store stretch supply support surround switch synthesise synthesize tell
trade transfer transform translate transmit transport trap travel trigger turn unlock
use validate vary vibrate warm weigh write yield absorb reach contract govern protect
encrypt decrypt compile schedule allocate point refer link visit search rank index"""

OPPOSITES = (
    ("increases", "decreases"), ("increase", "decrease"), ("increased", "decreased"),
    ("increasing", "decreasing"), ("rises", "falls"), ("rise", "fall"),
    ("more", "less"), ("higher", "lower"), ("high", "low"), ("highest", "lowest"),
    ("absorbs", "reflects"), ("absorb", "reflect"), ("releases", "takes in"),
    ("release", "absorb"), ("gains", "loses"), ("gain", "lose"), ("inside", "outside"),
    ("before", "after"), ("first", "last"), ("above", "below"), ("faster", "slower"),
    ("larger", "smaller"), ("largest", "smallest"), ("stronger", "weaker"),
    ("hot", "cold"), ("warm", "cold"), ("warmer", "colder"), ("heavier", "lighter"),
    ("positive", "negative"), ("always", "never"), ("open", "close"),
    ("opens", "closes"), ("expands", "contracts"), ("expand", "contract"),
    ("attracts", "repels"), ("attract", "repel"), ("speeds up", "slows down"),
    ("slows", "speeds up"), ("slow", "speed up"), ("prevents", "causes"),
    ("prevent", "cause"), ("enters", "leaves"), ("enter", "leave"),
    ("starts", "ends"), ("start", "end"), ("maximum", "minimum"), ("most", "least"),
    ("internal", "external"), ("input", "output"), ("left", "right"),
    ("north", "south"), ("east", "west"), ("up", "down"), ("hard", "soft"),
    ("early", "late"), ("earlier", "later"), ("longer", "shorter"),
    ("creates", "destroys"), ("create", "destroy"), ("stores", "releases"),
    ("store", "release"), ("reduces", "increases"), ("reduce", "increase"),
    ("raises", "lowers"), ("raise", "lower"), ("can", "cannot"),
    ("combines", "separates"), ("splits", "joins"), ("split", "join"),
    ("above", "below"), ("visible", "invisible"), ("active", "passive"),
)  # fmt: skip

SYNONYMS = (
    ("sugar", "glucose", "sucrose"), ("sun", "sunlight", "solar energy"),
    ("car", "automobile"), ("cpu", "processor", "central processing unit"),
    ("ram", "memory", "main memory"), ("speed", "velocity"), ("error", "mistake"),
    ("cell", "cells"), ("begin", "start"), ("buy", "purchase"), ("fast", "quick"),
    ("doctor", "physician"), ("gas", "gases"), ("illness", "disease", "sickness"),
    ("carbon dioxide", "co2"), ("water", "h2o"), ("oxygen", "o2"),
    ("dna", "deoxyribonucleic acid"), ("rna", "ribonucleic acid"),
    ("power", "energy"), ("function", "method", "procedure"), ("array", "list"),
    ("usa", "united states", "america"), ("uk", "united kingdom", "britain"),
    ("profit", "gain", "earnings"), ("price", "cost"), ("job", "occupation"),
    ("law", "rule"), ("map", "dictionary", "hash table"), ("key", "identifier"),
    ("graph", "network"), ("node", "vertex"), ("edge", "link", "arc"),
    ("mean", "average"), ("photosynthesis", "carbon fixation"),
    ("city", "town"), ("ocean", "sea"), ("stone", "rock"), ("big", "large"),
    ("road", "street"), ("kid", "child"), ("movie", "film"), ("picture", "image"),
    ("temperature", "heat"), ("weight", "mass"), ("evolution", "natural selection"),
)  # fmt: skip

# Things of one kind: where the lesson itself offers too few wrong answers.
KINDS: dict[str, tuple[str, ...]] = {
    "process": (
        "fermentation", "respiration", "osmosis", "diffusion", "evaporation",
        "condensation", "digestion", "oxidation", "filtration", "germination",
        "pollination", "erosion", "combustion", "crystallization", "transpiration",
        "photosynthesis", "mitosis", "meiosis",
    ),
    "cell part": (
        "nucleus", "ribosome", "mitochondrion", "vacuole", "cell wall",
        "cell membrane", "cytoplasm", "chloroplast", "lysosome", "Golgi apparatus",
    ),
    "molecule": (
        "glucose", "cellulose", "starch", "lipid", "amylase", "keratin", "hemoglobin",
        "insulin", "collagen", "lactose", "pepsin", "glycogen", "cholesterol",
    ),
    "element": (
        "oxygen", "nitrogen", "hydrogen", "helium", "carbon", "sulfur", "iron",
        "calcium", "sodium", "potassium", "chlorine", "phosphorus", "methane",
    ),
    "pigment": ("melanin", "carotene", "hemoglobin", "anthocyanin", "xanthophyll"),
    "enzyme": ("amylase", "pepsin", "lipase", "lactase", "catalase", "polymerase"),
    "planet": ("Mercury", "Venus", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"),
    "force": ("gravity", "friction", "tension", "magnetism", "drag", "lift", "inertia"),
    "quantity": (
        "mass", "volume", "density", "pressure", "temperature", "velocity",
        "acceleration", "humidity", "altitude", "frequency", "wavelength", "voltage",
    ),
    "data structure": (
        "array", "stack", "queue", "linked list", "hash table", "binary tree", "graph",
        "heap", "tuple", "matrix",
    ),
    "computing": (
        "compiler", "router", "firewall", "kernel", "database", "cache", "scheduler",
        "interpreter", "browser", "server", "protocol", "register", "debugger",
    ),
    "economy": (
        "inflation", "demand", "supply", "interest", "tariff", "subsidy", "monopoly",
        "recession", "taxation", "revenue", "liquidity", "unemployment",
    ),
    "government": (
        "democracy", "monarchy", "republic", "oligarchy", "federation", "dictatorship",
        "parliament", "senate", "constitution",
    ),
    "body": (
        "heart", "liver", "kidney", "stomach", "pancreas", "spleen", "lung", "bladder",
        "brain", "spinal cord", "artery", "vein", "muscle",
    ),
    "material": (
        "granite", "limestone", "basalt", "sandstone", "copper", "aluminium", "glass",
        "rubber", "concrete", "cotton", "wool", "ceramic",
    ),
    "plant part": (
        "root", "stem", "petal", "pollen", "seed", "bark", "leaf", "stamen", "sepal",
        "xylem", "phloem", "stomata", "cuticle",
    ),
    "time": (
        "summer", "winter", "spring", "autumn", "morning", "evening", "midnight",
    ),
    "shape": ("circle", "triangle", "rectangle", "hexagon", "sphere", "cylinder", "cone"),
    "maths": (
        "derivative", "integral", "fraction", "variable", "polynomial", "logarithm",
        "vector", "matrix", "theorem", "exponent", "median", "variance",
    ),
    "language": ("noun", "verb", "adjective", "adverb", "pronoun", "preposition"),
    "ecosystem": (
        "predator", "producer", "consumer", "decomposer", "parasite", "herbivore",
        "carnivore", "omnivore",
    ),
}  # fmt: skip

# The noun in “X is a …” that tells of which kind X is.
GENUS = {
    "organelle": "cell part", "molecule": "molecule", "protein": "molecule",
    "pigment": "pigment", "enzyme": "enzyme", "gas": "element", "element": "element",
    "planet": "planet", "force": "force", "process": "process", "reaction": "process",
    "structure": "data structure", "program": "computing", "device": "computing",
    "organ": "body", "rock": "material", "metal": "material", "material": "material",
    "animal": "ecosystem", "organism": "ecosystem", "quantity": "quantity",
    "measure": "quantity", "number": "maths", "function": "maths",
    "government": "government", "system": "government", "shape": "shape",
    "pore": "plant part", "tissue": "plant part", "factor": "quantity",
    "stage": "process", "phase": "process", "sugar": "molecule", "compound": "molecule",
    "word": "language", "substance": "molecule", "carrier": "molecule",
    "cycle": "process", "tax": "economy", "market": "economy", "price": "economy",
    "payment": "economy", "good": "economy", "bank": "economy",
}  # fmt: skip

_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy "
    "eighty ninety hundred thousand million billion"
).split()
NUMBERS = frozenset(_NUMBER_WORDS)


@cache
def verbs() -> frozenset[str]:
    """The verbs above in the forms they take."""
    forms: set[str] = set()
    for verb in _VERBS.split():
        forms |= {verb, verb + "s", verb + "es", verb + "ed", verb + "ing"}
        if verb.endswith("e"):
            forms |= {verb + "d", verb[:-1] + "ing"}
        if verb.endswith("y"):
            forms |= {verb[:-1] + "ies", verb[:-1] + "ied"}
    return frozenset(forms)


@cache
def opposite_of() -> dict[str, str]:
    both: dict[str, str] = {}
    for one, other in OPPOSITES:
        both.setdefault(one, other)
        both.setdefault(other, one)
    return both


@lru_cache(_KEPT)
def stem(word: str) -> str:
    """What is left of a word without its ending; crude, the same on both sides."""
    bare = word.lower().strip("'’.,;:!?()\"“”")
    if bare.endswith(("'s", "’s")):
        bare = bare[:-2]
    for ending, least in (("ies", 4), ("sses", 5), ("ing", 6), ("ed", 5), ("es", 5)):
        if bare.endswith(ending) and len(bare) >= least:
            cut = bare[: -len(ending)]
            return cut + "y" if ending == "ies" else cut
    if bare.endswith("s") and len(bare) > 3 and not bare.endswith(("ss", "is", "us")):
        return bare[:-1]
    return bare[:-1] if bare.endswith("e") and len(bare) > 4 else bare


@lru_cache(_KEPT)
def stems_of(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in words_of(text))


@lru_cache(_KEPT)
def content_stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in words_of(text) if word.lower() not in STOPWORDS)


@lru_cache(_KEPT)
def words_of(text: str) -> tuple[str, ...]:
    cleaned = "".join(sign if sign.isalnum() or sign in "'’-" else " " for sign in text)
    return tuple(word for part in cleaned.split() if (word := part.strip("-'’")))


def times_said(text: str, term: str) -> int:
    """How often the words of a term stand together in a text, whatever their endings."""
    held, wanted = stems_of(text), stems_of(term)
    return sum(
        held[at : at + len(wanted)] == wanted
        for at in range(len(held) - len(wanted) + 1)
    )


@cache
def genus_kinds() -> dict[str, str]:
    """The kinds by the stems of the nouns that tell of them."""
    return {stem(noun): kind for noun, kind in GENUS.items()}


@lru_cache(_KEPT)
def are_synonyms(one: str, other: str) -> bool:
    """The same words in other forms, or words that the lists above call alike."""
    a, b = " ".join(words_of(one.lower())), " ".join(words_of(other.lower()))
    stems_a, stems_b = set(content_stems(a)), set(content_stems(b))
    if a == b or (stems_a and stems_a == stems_b):
        return True
    for group in SYNONYMS:
        if a in group and b in group:
            return True
    # “light” among the choices beside “red light”: one contains the other.
    shorter, longer = sorted((stems_a, stems_b), key=len)
    return bool(shorter) and shorter < longer and len(shorter) * 2 >= len(longer)

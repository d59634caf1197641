"""Texts of lessons, as transcripts with made-up times."""

import re

from quizzes.content import Segment, Transcript, Word

PLANTS = (
    "Photosynthesis is the process by which green plants turn light, water and carbon "
    "dioxide into sugar and oxygen. Photosynthesis takes place inside chloroplasts. A "
    "chloroplast is a small green organelle found in the cells of leaves. Chlorophyll is "
    "a pigment that absorbs red and blue light and reflects green light. Leaves look "
    "green because chlorophyll reflects green light. Carbon dioxide enters the leaf "
    "through tiny pores called stomata. First, chlorophyll captures energy from sunlight "
    "in the membranes. Then, the light reactions split water molecules. Finally, the "
    "Calvin cycle builds sugar in the stroma. ATP is a molecule that stores energy for "
    "the cell. NADPH is a molecule that carries electrons to the Calvin cycle. The enzyme "
    "rubisco fixes carbon dioxide at the start of the Calvin cycle. Rubisco is the most "
    "common protein on Earth. Three factors limit the rate of photosynthesis: light, "
    "carbon dioxide and temperature. If a plant gets more light, the rate rises until "
    "another factor becomes limiting. High temperatures slow photosynthesis because "
    "enzymes lose their shape above forty degrees. Cellular respiration is the process "
    "that releases the energy of sugar again."
)
MARKETS = (
    "A market is a place where buyers and sellers exchange goods. The law of demand says "
    "that people buy less when the price rises. Demand is the amount of a good that "
    "consumers want to buy at a given price. Supply is the amount of a good that "
    "producers offer at a given price. When demand exceeds supply, the price rises. The "
    "price falls because sellers compete for customers. An equilibrium is a state in "
    "which the quantity demanded equals the quantity supplied. Inflation is a general "
    "rise in prices over time. Central banks raise interest rates because higher rates "
    "reduce borrowing. A monopoly is a market that has only one seller. Governments "
    "collect three kinds of taxes: income tax, sales tax and property tax. A tariff is a "
    "tax on imported goods. Tariffs protect domestic producers because imported goods "
    "become more expensive. First, the central bank raises the interest rate. Then, banks "
    "charge more for loans. Next, firms invest less. Finally, inflation slows down. "
    "Unemployment rises when firms produce fewer goods. The Great Depression began in "
    "1929 and lasted ten years. A subsidy is a payment from the government that lowers "
    "the cost of production."
)
NETWORKS = (
    "A computer network is a group of devices that exchange data. A packet is a small "
    "unit of data that carries the address of its destination. A router is a device that "
    "forwards packets between networks. A switch is a device that connects computers "
    "inside one building. Routers use tables because each packet must find its own way. "
    "TCP is a protocol that delivers data in order. UDP is a protocol that sends data "
    "without a connection. If a packet gets lost, TCP sends the packet again. An IP "
    "address is a number that identifies a device on the network. IPv4 addresses have 32 "
    "bits. The domain name system is a service that translates names into addresses. "
    "First, the browser asks the domain name system for an address. Then, the browser "
    "opens a connection to the server. Finally, the server sends the page. Encryption "
    "protects passwords because strangers cannot read encrypted data. A firewall is a "
    "program that blocks unwanted traffic. Latency is the time that a packet needs to "
    "reach its destination. Three things cause latency: distance, congestion and slow "
    "routers. The first website went online in 1991."
)


def transcript_of(text: str, *, confidence: float = 1.0) -> Transcript:
    """Fifteen letters a second, with short pauses, as people speak."""
    segments: list[Segment] = []
    at = 0.0
    for sentence in re.split(r"(?<=[.!?]) ", text):
        tokens = sentence.split()
        step = len(sentence) / 15 / len(tokens)
        words = tuple(
            Word(
                text=token,
                start=at + n * step,
                end=at + (n + 1) * step,
                confidence=confidence,
            )
            for n, token in enumerate(tokens)
        )
        end = words[-1].end
        segments.append(Segment(start=at, end=end, text=sentence, words=words))
        at = end + 0.3
    return Transcript(language="en", source="own", segments=tuple(segments))

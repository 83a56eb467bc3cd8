"""The few sentences about an alarm that the server itself says, in Dutch and in English."""

from alarm_protocol.messages import TrackStatus

STATUS_NL: dict[TrackStatus, str] = {
    "open": "openstaand",
    "accepted": "aangenomen",
    "unit_assigned": "eenheid toegewezen",
    "on_scene": "ter plaatse",
    "assessed": "beoordeeld",
    "handed_over": "overgedragen",
    "closed": "afgesloten",
}
STATUS_EN: dict[TrackStatus, str] = {
    "open": "open",
    "accepted": "accepted",
    "unit_assigned": "unit assigned",
    "on_scene": "on scene",
    "assessed": "assessed",
    "handed_over": "handed over",
    "closed": "closed",
}


def told_refusal(status: TrackStatus, acted_by: str | None) -> tuple[str, str]:
    """Say why an action was refused, by how the alarm is now: in Dutch, and in English.

    The gateway's own text is for its journal and in English only, so it is not repeated here.
    """
    nl, en = STATUS_NL[status], STATUS_EN[status]
    if acted_by:
        return (
            f"geweigerd: {acted_by} was eerder; de melding is nu {nl}",
            f"refused: {acted_by} was first; the alarm is now {en}",
        )
    return (
        f"geweigerd: dit past niet bij de melding, die nu {nl} is",
        f"refused: this does not fit the alarm, which is now {en}",
    )

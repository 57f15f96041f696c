"""The devices that Chromium stands in for."""

from __future__ import annotations

from dataclasses import dataclass

_DESKTOP = "X11; Linux x86_64"
_MARK = "DatadogSynthetics"  # what sites look for to tell a test from a visitor
DEFAULT = "laptop_large"


@dataclass(frozen=True)
class Device:
    """A screen in CSS pixels, and what the browser says of the machine it runs on."""

    id: str
    name: str
    width: int
    height: int
    platform: str = _DESKTOP
    is_mobile: bool = False

    def user_agent(self, version: str) -> str:
        """Chromium's own, of that version, for this device; with Datadog's mark at its end."""
        major = version.partition(".")[0]
        mobile = " Mobile" if self.is_mobile else ""
        return (
            f"Mozilla/5.0 ({self.platform}) AppleWebKit/537.36 (KHTML, like Gecko)"
            f" Chrome/{major}.0.0.0{mobile} Safari/537.36 {_MARK}"
        )


# The laptop's size is recorded; the two others are those of Datadog's documentation.
_DEVICES = {
    "laptop_large": Device("laptop_large", "Laptop Large", 1440, 1100),
    "tablet": Device("tablet", "Tablet", 768, 1020, "Linux; Android 13; Tablet"),
    "mobile_small": Device(
        "mobile_small", "Mobile Small", 320, 550, "Linux; Android 13; Mobile", is_mobile=True
    ),
}


def device_of(device_id: str) -> Device | None:
    """The device, bare or with the prefix `chrome.`; "" is the laptop. None: it is not known."""
    return _DEVICES.get((device_id or DEFAULT).removeprefix("chrome."))

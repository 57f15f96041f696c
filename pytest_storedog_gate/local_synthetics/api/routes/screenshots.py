"""The service's answer to who asks for a screenshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pytest_storedog_gate.local_synthetics.chromium.screenshots import SCREENSHOTS_PATH

if TYPE_CHECKING:
    from starlette.requests import Request

    from pytest_storedog_gate.local_synthetics.chromium.screenshots import Screenshots


def screenshot_route(screenshots: Screenshots) -> Route:
    """The route to these pictures; 404 for one that is not there any more."""

    async def answer(request: Request) -> Response:
        picture = screenshots.get(request.path_params["name"])
        if picture is None:
            raise HTTPException(404, "Screenshot not found")
        return Response(picture, media_type="image/jpeg")

    return Route(f"{SCREENSHOTS_PATH}/{{name}}", answer)

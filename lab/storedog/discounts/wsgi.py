"""What gunicorn loads: the service, connected and seeded, as the image's release has it."""

from __future__ import annotations

import os

from sqlalchemy.orm import sessionmaker

from . import model, seed
from .app import create_app
from .releases import plant

release = os.environ["STOREDOG_RELEASE"]
engine = model.connect()
app = create_app(sessionmaker(engine), model.JOINED if release == "better" else model.ONE_BY_ONE)
plant(release, app)
# Less than gunicorn's time for a worker to start, so that a missing database ends the container.
seed.wait_for(engine, timeout=20)
seed.seed(engine)

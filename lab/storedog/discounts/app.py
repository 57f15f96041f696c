"""The routes of the discounts service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from .model import DISCOUNTS, Discount
from .seed import random_discount

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker
    from sqlalchemy.sql import Select


def create_app(sessions: sessionmaker[Session], listing: Select[Discount]) -> Flask:
    """The service, which reads its list with the query `listing`."""
    app = Flask(__name__)

    @app.get("/")
    def hello() -> str:
        return "Hello from Discounts!"

    @app.get("/ready")
    def ready() -> Response:
        with sessions() as session:
            session.scalar(select(DISCOUNTS.c.id).limit(1))
        return jsonify(status="ready")

    @app.get("/discount")
    def discounts() -> Response:
        with sessions() as session:
            return jsonify([found.as_json() for found in session.scalars(listing)])

    @app.post("/discount")
    def add_discount() -> Response:
        with sessions() as session, session.begin():
            session.add(random_discount())
        return discounts()

    @app.get("/discount-code")
    def discount_code() -> tuple[Response, int]:
        code = request.args.get("discount_code", "")
        with sessions() as session:
            found = session.scalars(
                select(Discount).where(DISCOUNTS.c.code == code).order_by(DISCOUNTS.c.id)
            ).first()
            if found is None:
                return jsonify(error="Discount not found", status=0), 404
            return jsonify(found.as_json() | {"status": 1}), 200

    @app.errorhandler(SQLAlchemyError)
    def database_failed(error: SQLAlchemyError) -> tuple[Response, int]:
        # The driver's text names the database's address: it belongs in the log alone.
        app.logger.error("the database failed: %s", type(error).__name__)
        if request.path == "/ready":
            return jsonify(status="not ready", error="the database does not answer"), 503
        return jsonify(error="Internal Server Error"), 500

    @app.after_request
    def allow_any_origin(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    return app

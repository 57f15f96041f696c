"""The pages of the shop, and the proxy to the discounts service."""

from __future__ import annotations

import os

import requests
from flask import Flask, Response, abort, jsonify, render_template, request

from .products import BY_SLUG, PRODUCTS, SHELVES

# Longer than a slow discounts service: the customer waits and sees the answer.
CONNECT_TIMEOUT, READ_TIMEOUT = 2, 8

app = Flask(__name__)
discounts_url = os.environ.get("DISCOUNTS_URL", "http://staging-discounts:2814").rstrip("/")


@app.get("/")
def home() -> str:
    """The best sellers."""
    chosen = [product for product in PRODUCTS if "bestsellers" in product.shelves]
    return render_template("home.html", products=chosen)


@app.get("/products")
def products() -> str:
    """All products, or those of one shelf."""
    shelf = request.args.get("shelf")
    if shelf is None:
        return render_template("products.html", title="All products", products=PRODUCTS)
    if shelf not in SHELVES:
        abort(404)
    chosen = [product for product in PRODUCTS if shelf in product.shelves]
    return render_template("products.html", title=SHELVES[shelf], products=chosen)


@app.get("/products/<slug>")
def product(slug: str) -> str:
    """One product."""
    if slug not in BY_SLUG:
        abort(404)
    return render_template("product.html", product=BY_SLUG[slug])


@app.route("/services/discounts/<path:path>", methods=["GET", "POST"])
def discounts(path: str) -> Response | tuple[Response, int]:
    """The discounts service's answer, unchanged.

    A new connection each time: a pooled one would go on reaching a container that was replaced.
    """
    try:
        answer = requests.request(
            request.method,
            f"{discounts_url}/{path}",
            params=list(request.args.items(multi=True)),
            data=request.get_data(),
            headers={"Connection": "close", "Content-Type": request.content_type},
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        app.logger.warning("discounts is unreachable: %s", type(error).__name__)
        return jsonify(error="The discounts service is unreachable"), 502
    return Response(
        answer.content, answer.status_code, content_type=answer.headers.get("Content-Type")
    )

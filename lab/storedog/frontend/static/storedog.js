"use strict";

const FLAT_RATE = 500; // cents
const byId = (id) => document.getElementById(id);
const dollars = (cents) => `$${(cents / 100).toFixed(2)}`;

// A browser drops what it asks for when its machine's own network changes, as a container that
// comes or goes does.
async function ask(address, tries = 3) {
  try {
    return await fetch(address);
  } catch (error) {
    if (tries === 1) throw error;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return ask(address, tries - 1);
  }
}

// ---- the banner -----------------------------------------------------------------------------

async function showDiscount() {
  const strong = document.createElement("strong");
  try {
    const response = await ask("/services/discounts/discount");
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const discounts = await response.json();
    if (!Array.isArray(discounts) || discounts.length === 0) throw new Error("no discounts");
    const { code } = discounts[Math.floor(Math.random() * discounts.length)];
    if (!code) throw new Error("a discount without a code");
    strong.id = "discount-code";
    strong.textContent = code;
  } catch {
    // As in the real shop: customers see no error, so only a look for the id tells the difference.
    strong.textContent = "STOREDOG";
  }
  byId("discount-banner").replaceChildren(strong);
}

// ---- the cart -------------------------------------------------------------------------------

const cart = {
  read: () => JSON.parse(localStorage.getItem("cart") ?? "[]"),
  write(items) {
    localStorage.setItem("cart", JSON.stringify(items));
    showCart();
  },
  add: (item) => cart.write([...cart.read(), item]),
  subtotal: () => cart.read().reduce((sum, item) => sum + item.price, 0),
};
let freeShipping = false;

function showCart() {
  const items = cart.read();
  const subtotal = cart.subtotal();
  const shipping = freeShipping ? 0 : FLAT_RATE;
  byId("cart-count").textContent = items.length;
  byId("cart-items").replaceChildren(
    ...items.map((item) => {
      const line = document.createElement("li");
      line.textContent = `${item.name}, ${item.variant}: ${dollars(item.price)}`;
      return line;
    }),
  );
  byId("cart-subtotal").textContent = dollars(subtotal);
  byId("checkout-subtotal").textContent = dollars(subtotal);
  byId("shipping-rate").textContent = freeShipping ? "FREE" : dollars(shipping);
  byId("checkout-total").textContent = dollars(subtotal + shipping);
  byId("proceed-to-checkout").disabled = items.length === 0;
}

function openSidebar(view) {
  for (const name of ["cart-view", "checkout-view", "thanks-view"]) {
    byId(name).hidden = name !== view;
  }
  byId("sidebar").hidden = false;
}

// ---- the checkout ---------------------------------------------------------------------------

async function applyDiscount(event) {
  event.preventDefault();
  const input = event.target.elements["discount-code"];
  const code = encodeURIComponent(input.value.trim().toUpperCase());
  try {
    const response = await ask(`/services/discounts/discount-code?discount_code=${code}`);
    const discount = await response.json();
    if (!response.ok || discount.error) throw new Error("refused");
    freeShipping = true;
    input.value = "";
    showCart();
  } catch (error) {
    // As in the real shop: the customer is not told.
    console.error("the discount was not applied:", error);
  }
}

function confirmPurchase(event) {
  event.preventDefault();
  freeShipping = false;
  cart.write([]);
  openSidebar("thanks-view");
}

function addToCart(event) {
  event.preventDefault();
  const { slug, name, price } = event.target.dataset;
  const variant = event.target.elements.variant.value;
  cart.add({ slug, name, variant, price: Number(price) });
  openSidebar("cart-view");
}

byId("toggle-cart").addEventListener("click", () => openSidebar("cart-view"));
byId("close-sidebar").addEventListener("click", () => (byId("sidebar").hidden = true));
byId("proceed-to-checkout").addEventListener("click", () => openSidebar("checkout-view"));
byId("discount-form").addEventListener("submit", applyDiscount);
byId("checkout-form").addEventListener("submit", confirmPurchase);
byId("add-to-cart-form")?.addEventListener("submit", addToCart);
showCart();
showDiscount();

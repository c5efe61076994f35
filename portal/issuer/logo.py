"""The card's logo in wallets: a mortarboard on the card's blue, drawn here."""

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
    '<rect width="96" height="96" rx="20" fill="#1b3a6b"/>'
    '<path d="M48 24 12 40l36 16 36-16z" fill="#ffffff"/>'
    '<path d="M26 51v13c0 5 10 10 22 10s22-5 22-10V51L48 61z" fill="#c9d6ea"/>'
    '<path d="M80 42v20" stroke="#ffffff" stroke-width="4" stroke-linecap="round"/>'
    "</svg>"
)

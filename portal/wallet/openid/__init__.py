"""What the wallet says to issuers and verifiers, and what it reads in a card. No pages, no tables."""

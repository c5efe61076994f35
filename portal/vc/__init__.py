"""What holder and verifier share of the open standards: SD-JWT, status lists, issuers' keys, HTTP.

It belongs to the base: it knows no page, no table and no issuer of ours.
"""

from flask import Blueprint

blueprint = Blueprint("mlegitymacja", __name__, url_prefix="/dla-studentow/mlegitymacja")

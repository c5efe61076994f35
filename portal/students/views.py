from flask import Blueprint

blueprint = Blueprint("students", __name__)

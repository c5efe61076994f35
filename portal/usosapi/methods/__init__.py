"""The methods, by name. Each module has a table of its own; `apiref` describes them all."""

from portal.usosapi.methods.apiref import every as every

"""An exchange that you run yourself, behind the wire APIs of real ones."""

from openvenue.build import describe, engine_form, is_compiled

__all__ = ["describe", "engine_form", "is_compiled"]

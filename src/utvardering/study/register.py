"""Is the plan the one that was registered?"""

from __future__ import annotations

from utvardering.study.plan_values import plan_sha256

__all__ = ["plan_sha256"]

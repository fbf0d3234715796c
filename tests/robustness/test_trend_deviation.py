"""The bounds on trends that part as a robustness check: blocks, covariance, rows, verdicts and sentences."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.designs import NEVER, estimation, grid, job, noise, outcome, panel, sample, study, treated_first
from utvardering.errors import DesignError
from utvardering.estimators.did import did
from utvardering.estimators.effects import effect_size
from utvardering.estimators.event_study import event_study
from utvardering.estimators.poisson_did import poisson_did
from utvardering.estimators.staggered_did import staggered_did
from utvardering.robustness import trend_deviation as check
from utvardering.robustness.base import Doubt
from utvardering.robustness.trend_blocks import trend_blocks
from tests.synthesis.test_verdict import FALL

# Written by `python -m downslope.optim._stub`; a test says when it is stale.
# ruff: noqa: I001 -- what is always there comes first

from typing import Any

from downslope.optim import schedules as schedules
from downslope.optim.method import METHODS as METHODS, Method as Method
from downslope.optim.optimizer import OPTIMIZERS as OPTIMIZERS, Optimizer as Optimizer, by_name as by_name
from downslope.optim.plateau import Plateau as Plateau
from downslope.optim.schedule import SCHEDULES as SCHEDULES, Schedule as Schedule
from downslope.optim.text import from_text as from_text
from downslope.optim.wrapper import WRAPPERS as WRAPPERS
from downslope.optim.accumulate import accumulate as accumulate
from downslope.optim.adabelief import adabelief as adabelief
from downslope.optim.adadelta import adadelta as adadelta
from downslope.optim.adafactor import adafactor as adafactor
from downslope.optim.adagrad import adagrad as adagrad
from downslope.optim.adam import adam as adam
from downslope.optim.adamax import adamax as adamax
from downslope.optim.adamw import adamw as adamw
from downslope.optim.adan import adan as adan
from downslope.optim.ademamix import ademamix as ademamix
from downslope.optim.adopt import adopt as adopt
from downslope.optim.amsgrad import amsgrad as amsgrad
from downslope.optim.clip import clip_by_norm as clip_by_norm
from downslope.optim.clip import clip_by_value as clip_by_value
from downslope.optim.conjugate_gradient import cg as cg
from downslope.optim.conjugate_gradient import conjugate_gradient as conjugate_gradient
from downslope.optim.dog import dog as dog
from downslope.optim.ema import ema as ema
from downslope.optim.gradient_descent import gradient_descent as gradient_descent
from downslope.optim.gradient_descent import sgd as sgd
from downslope.optim.lamb import lamb as lamb
from downslope.optim.lars import lars as lars
from downslope.optim.lbfgs import lbfgs as lbfgs
from downslope.optim.lion import lion as lion
from downslope.optim.momentum import heavy_ball as heavy_ball
from downslope.optim.momentum import momentum as momentum
from downslope.optim.muon import muon as muon
from downslope.optim.nadam import nadam as nadam
from downslope.optim.nesterov import nesterov as nesterov
from downslope.optim.newton import newton as newton
from downslope.optim.novograd import novograd as novograd
from downslope.optim.prodigy import prodigy as prodigy
from downslope.optim.radam import radam as radam
from downslope.optim.rmsprop import rmsprop as rmsprop
from downslope.optim.rprop import rprop as rprop
from downslope.optim.sam import sam as sam
from downslope.optim.schedule_free import schedule_free_adamw as schedule_free_adamw
from downslope.optim.schedule_free import schedule_free_sgd as schedule_free_sgd
from downslope.optim.shampoo import shampoo as shampoo
from downslope.optim.sign_sgd import sign_sgd as sign_sgd
from downslope.optim.sm3 import sm3 as sm3
from downslope.optim.soap import soap as soap
from downslope.optim.yogi import yogi as yogi

def __getattr__(name: str) -> Any: ...  # an entry that is newer than this file

"""The process of a training: it obeys, trains at a pace, and tells how far it is. ``python -m downslope.lab.worker``.

Orders come in by stdin, reports go out by stdout (orders.py). Where stdin ends the lab has died: the file is completed,
and the process ends. A training is never slowed by who looks at it: it writes its file, and others read that.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
import warnings
from pathlib import Path
from typing import BinaryIO

import msgspec

from downslope.errors import DownslopeError, SettingError
from downslope.lab import build, fields
from downslope.lab.commands import Done, Pause, Play, Set, Step
from downslope.lab.limits import EVENTS_A_SECOND, MOST_STEPS
from downslope.lab.orders import Begin, Order, Orders, Report, Stop
from downslope.lab.pace import Pace
from downslope.lab.protocol import Live, State, bug, failure, id_of, unreadable
from downslope.lab.sets import Sets
from downslope.lab.settings import Settings
from downslope.runs import load
from downslope.runs.evaluate import METRIC
from downslope.runs.paced import Paced
from downslope.runs.train import begin
from downslope.views.values import in_short

EVENT_SECONDS = 1 / EVENTS_A_SECOND
COMMIT_SECONDS = 0.1
WARM_SECONDS = 2.0  # without an order, after which a process loads what an order may need


class Worker:
    """One training. orders: what is to be done, in its order. tell: sends a report."""

    def __init__(self, orders: queue.SimpleQueue[Order], out: BinaryIO) -> None:
        self.orders, self.out = orders, out
        self.encoder, self.lock = msgspec.json.Encoder(), threading.Lock()
        self.run, self.begun = "", threading.Event()
        self.playing, self.pace = False, Pace()
        self.halt: int | None = None  # a step at which it pauses by itself
        self.told_at = 0.0  # when the last report was due

    def tell(self, report: Report) -> None:
        """Send a report. The lab may be gone: then stdin ends too, and with it the training."""
        line = self.encoder.encode(report) + b"\n"
        try:
            with self.lock:
                self.out.write(line)
                self.out.flush()
        except OSError:
            self.orders.put(Order(-1, Stop()))

    def work(self) -> None:
        """The first order makes or opens the run; then it is trained until the order to stop."""
        first = self.orders.get()
        self.begun.set()
        if not isinstance(first.do, Begin):
            return
        self.run = first.do.run
        try:
            with self.opened(first.do) as training:
                self.training = training
                training.commit()
                self.tell(Report(first.id, done=Done(self.run, training.done)))
                self.live("paused")
                self.obey()
        except DownslopeError as error:
            self.tell(Report(first.id, failure=failure(error)))
        except Exception as error:
            self.tell(Report(first.id, failure=bug(error, f"the training of {self.run}")))
            raise

    def opened(self, order: Begin) -> Paced:
        """The run of the first order. Errors: those of training and of loading."""
        folder = Path(order.folder)
        self.sets = Sets(folder)
        if order.settings is None:
            return Paced(load(order.path))
        settings: Settings = order.settings
        made = build.data(settings.data, self.sets.find)
        begun = begin(**build.training(settings, made), record=order.path)
        with begun.history.file.writing():
            fields.keep(begun.history.file, made, settings.data)
        return Paced(begun)

    # --- the loop ------------------------------------------------------------------------------------------------

    def obey(self) -> None:
        """Orders first, steps between them."""
        while True:
            order = self.next_order()
            if order is not None:
                if isinstance(order.do, Stop):
                    return
                self.carry_out(order)
            elif self.playing:
                self.advance()

    def next_order(self) -> Order | None:
        """The next order. Without a training at full speed it waits for one as long as there is nothing to do."""
        try:
            if not self.playing:
                return self.orders.get()
            if (wait := self.pace.wait(self.training.done, COMMIT_SECONDS)) > 0:
                return self.orders.get(timeout=wait)
            return None if self.orders.empty() else self.orders.get_nowait()
        except queue.Empty:
            return None

    def due(self) -> int:
        """How many steps may be taken now."""
        training = self.training
        room = training.until if self.halt is None else min(self.halt, training.until)
        return min(self.pace.due(training.done), room - training.done)

    def advance(self) -> None:
        """A portion of steps, then a report if it is time for one."""
        count, began = self.due(), time.monotonic()
        if count:
            taken = self.training.advance(count)
            self.pace.took(taken, time.monotonic() - began)
        training = self.training
        ended = training.done >= training.until or training.failed is not None
        if ended or (self.halt is not None and training.done >= self.halt):
            self.playing = False
            self.rest()
            return
        now = time.monotonic()
        if now - self.told_at >= EVENT_SECONDS:
            training.commit(COMMIT_SECONDS)
            self.live("training")

    def rest(self) -> None:
        """Nothing is trained now: all of it is in the file, and the page is told."""
        self.training.commit()
        self.live(self.state())

    def state(self) -> State:
        """In a word."""
        if self.training.failed is not None:
            return "failed"
        if self.playing:
            return "training"
        return "done" if self.training.done >= self.training.until else "paused"

    def live(self, state: State) -> None:
        """Tell how far it is."""
        training, rate = self.training, self.pace.rate(self.training.done)
        task = training.segment.task.data.task
        values = training.metrics.get(METRIC[task], [])
        # Portions of steps end between two times that a report is due: one that is late does not delay the next.
        now = time.monotonic()
        self.told_at = max(self.told_at + EVENT_SECONDS, now - EVENT_SECONDS)
        self.tell(
            Report(
                live=Live(
                    run=self.run,
                    steps=training.written,
                    taken=training.done,
                    until=training.until,
                    state=state,
                    rate=rate if self.playing else 0.0,
                    speed=self.pace.speed,
                    loss=in_short(training.loss),
                    metric_name=METRIC[task] if values else "",
                    metric=in_short(values[-1]) if values else None,
                    epoch=training.segment.epoch_at(training.done)[0],
                    why=training.failed_text or "",
                )
            )
        )

    # --- orders --------------------------------------------------------------------------------------------------

    def carry_out(self, order: Order) -> None:
        """Do it and say so, or say why not."""
        try:
            said = self.do(order.do)
        except DownslopeError as error:
            self.tell(Report(order.id, failure=failure(error)))
        except Exception as error:
            self.tell(Report(order.id, failure=bug(error, f"the training of {self.run}")))
        else:
            self.tell(Report(order.id, done=Done(self.run, self.training.done, self.training.done, said=said)))

    def do(self, order: Orders) -> tuple[str, ...]:
        """Carry out an order; what is to be said of it. Errors: SettingError."""
        training = self.training
        if isinstance(order, Play):
            self.check_alive()
            if training.done >= training.until:
                self.lengthen(training.until)
            self.halt, self.playing = order.until, True
            self.pace.begin(training.done, order.speed)
            if self.halt is not None and self.halt <= training.done:
                self.playing = False
            self.live(self.state())
        elif isinstance(order, Pause):
            self.playing = False
            self.rest()
        elif isinstance(order, Step):
            self.check_alive()
            self.playing = False
            goal = training.done + order.n
            if goal > training.until:
                self.lengthen(goal - training.until)
            while training.done < goal and training.advance(goal - training.done):
                if time.monotonic() - self.told_at >= EVENT_SECONDS:
                    self.live("training")
                if not self.orders.empty():  # a long way can be broken off
                    break
            self.rest()
        elif isinstance(order, Set):
            self.check_alive()
            told = training.change(**build.changes(order.changes, training.segment, training.until, self.sets.find))
            training.commit()
            self.pace.begin(training.done)
            self.live(self.state())
            return (f"from step {training.done + 1} on: {told}",)
        return ()

    def lengthen(self, steps: int) -> None:
        """More steps are meant than before."""
        until = self.training.until + max(1, steps)
        if until > 2 * MOST_STEPS:
            raise build.limit("the length of the run", until, 2 * MOST_STEPS, "every step of a run can be asked for")
        self.training.meant(until)

    def check_alive(self) -> None:
        """A run that failed goes on only from before that step."""
        failed = self.training.failed
        if failed is None:
            return
        raise SettingError(
            "run-failed",
            f"the run ended at step {failed.step}, whose numbers are not finite",
            where=self.run,
            why="the same step would fail in the same way",
            do=f"fork it at a step before, for example {max(1, failed.step - 10)}, with other settings",
        )


def _listen(worker: Worker) -> None:
    # Not by sys.stdin: the interpreter cannot end while a thread waits inside of a buffered file.
    decoder, begun = msgspec.json.Decoder(Order), b""
    while block := os.read(0, 2**16):
        *lines, begun = (begun + block).split(b"\n")
        for line in lines:
            try:
                worker.orders.put(decoder.decode(line))
            except msgspec.DecodeError as error:
                worker.tell(Report(id_of(line), failure=unreadable(error)))
    worker.orders.put(Order(-1, Stop()))


def _warm(worker: Worker) -> None:
    # Only while it waits: what has its order loads what it needs, and no core is taken from a training that begins.
    if not worker.begun.wait(WARM_SECONDS):
        build.warm()


def main() -> None:
    """Work off the orders of stdin. What else prints goes to stderr, where it harms no report."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the lab, which then sends its order to stop
    warnings.simplefilter("ignore")  # what is worth knowing of a run stands in its file
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    worker = Worker(orders, out)
    threading.Thread(target=_listen, args=(worker,), daemon=True).start()
    worker.tell(Report(ready=True))
    threading.Thread(target=_warm, args=(worker,), daemon=True).start()
    worker.work()


if __name__ == "__main__":
    main()

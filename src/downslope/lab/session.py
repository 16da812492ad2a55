"""The lab without its page: runs of a folder, trainings that are going on, own data sets; questions and commands."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from downslope import __version__
from downslope.data import Data
from downslope.errors import DownslopeError, RunFileError, SettingError
from downslope.lab import answer, build, catalogue, fields, limits, protocol
from downslope.lab.commands import (
    Back,
    Close,
    Command,
    Create,
    DeleteData,
    Done,
    Fork,
    Goto,
    Note,
    Pause,
    Play,
    Set,
    Step,
    StopSweep,
    Sweep,
    UploadPoints,
    UploadTable,
)
from downslope.lab.orders import Begin
from downslope.lab.protocol import Changed, Event, Failure, Hello, Live, Query
from downslope.lab.sets import Facts, Sets
from downslope.lab.settings import Changes
from downslope.lab.shelf import Shelf
from downslope.lab.sweeps import Sweeps
from downslope.lab.training import Training, busy
from downslope.lab.watch import Watch
from downslope.runs import Run
from downslope.views.payload import Payload

LookUp = Callable[[str], list[dict[str, Any]]]


class Session:
    """A source of answers (source.Source), and all that can be done. Every method may be called from any thread.

    folder: of the runs; it must exist. tell: takes events, from threads of its own. opened: the run that a page shows
    first. look_up: what ``downslope where`` knows.
    """

    def __init__(
        self,
        folder: Path,
        tell: Callable[[Event], None] = lambda event: None,
        *,
        opened: str | None = None,
        look_up: LookUp = lambda id: [],
    ) -> None:
        self.folder: Path | None = folder.resolve()
        self._place, self._tell, self.opened, self.look_up = folder.resolve(), tell, opened, look_up
        self.shelf, self.sets = Shelf(self._place), Sets(self._place)
        self._sweeps = Sweeps(self._place, lambda: self._tell(Changed("runs")))
        self._trainings: dict[str, Training] = {}
        self._lock, self._closing = threading.RLock(), threading.Event()
        self._spare: Training | None = None
        self._watch = Watch(self._place, self.live, lambda: self._tell(Changed("runs")), self._closing)
        self._prepare()
        threading.Thread(target=catalogue.warm, name="tables", daemon=True).start()

    # --- a source of answers -------------------------------------------------------------------------------------

    @contextmanager
    def run(self, name: str | None) -> Iterator[Run]:
        """The run of this name. Errors: SettingError ``lab-run``, and those of ``load``."""
        if name is None:
            raise SettingError(
                "lab-run",
                "no run is named",
                where="a query",
                why="the lab has a folder of runs",
                do="give the run's name, the file's without .run",
            )
        with self.shelf.run(name) as run:
            if name in self._trainings and run.failure is None:
                vars(run)["stopped"] = None  # its file cannot know whether somebody is training it now
            yield run

    def live(self) -> frozenset[str]:
        """Names of the runs that have a process now."""
        return frozenset(self._trainings)

    def own_sets(self) -> Mapping[str, Facts]:
        """Uploaded data sets by id."""
        return self.sets.known()

    def own_set(self, id: str, settings: Mapping[str, Any]) -> Data | None:
        """An uploaded set, None where there is none with this id."""
        return self.sets.find(id, settings)

    def ask(self, query: Query) -> Payload | Failure:
        """Answer a question."""
        return answer.reply(self, query)

    def hello(self) -> Hello:
        """What a page is told first."""
        live = tuple(each.live for each in list(self._trainings.values()) if each.live is not None)
        return Hello(__version__, protocol.VERSION, str(self._place), self.opened, live)

    # --- doing ---------------------------------------------------------------------------------------------------

    def do(self, command: Command) -> Done:
        """Carry out a command. Errors: DownslopeError of any kind."""
        done: Done = getattr(self, f"_{type(command).__name__.lower()}")(command)
        return done

    def _create(self, command: Create) -> Done:
        settings = command.settings
        word = re.sub(r"[^\w.-]+", "-", settings.name or settings.data.name).strip(".-") or "run"
        number = 0 if settings.name else 1
        while True:
            name = f"{word}-{number}" if number else word
            path = self._place / f"{name}.run"
            if not path.exists():
                try:
                    return self._begin(Begin(name, str(path), str(self._place), settings))
                except DownslopeError as error:
                    if error.code != "run-file-exists":
                        raise
            number += 1 if number else 2

    def _begin(self, order: Begin) -> Done:
        training = self._engaged(order.run)
        try:
            done = training.begin(order)
        except BaseException:
            training.stop()
            self._forget(training)
            raise
        finally:
            self._prepare()
        self._tell(Changed("runs"))
        return done

    def _play(self, command: Play) -> Done:
        return self._trained(command.run).call(command)

    def _step(self, command: Step) -> Done:
        return self._trained(command.run).call(command)

    def _set(self, command: Set) -> Done:
        return self._trained(command.run).call(command)

    def _pause(self, command: Pause) -> Done:
        training = self._trainings.get(command.run)
        if training is not None:
            return training.call(command)
        with self.shelf.run(command.run) as run:
            return Done(command.run, run.steps, run.steps)

    def _goto(self, command: Goto) -> Done:
        self._pause(Pause(command.run))
        with self.shelf.run(command.run) as run:
            wished = run.steps + 1 + command.step if command.step < 0 else command.step
            return Done(command.run, run.steps, max(1, min(wished, run.steps + 1)))

    def _back(self, command: Back) -> Done:
        return self._goto(Goto(command.run, max(1, command.step - command.n)))

    def _fork(self, command: Fork) -> Done:
        with self.shelf.run(command.run) as run:
            at = run.steps + 1 if command.at is None else command.at
            until = int(run.file.meta("until", run.steps))
            segment = run.history.segment_at(max(1, min(at, run.steps + 1)))
            changes = command.changes
            given = {} if changes == Changes() else build.changes(changes, segment, until, self.sets.find)
            word, number = re.sub(r"-f\d+$", "", command.run), 1
            while True:
                name = f"{word}-f{number}"
                try:
                    forked = run.fork(at, record=self._place / f"{name}.run", **given)
                    break
                except RunFileError as error:
                    if error.code != "run-file-exists":
                        raise
                    number += 1
            steps, about = forked.steps, (forked.parent or {}).get("about", "")
            with forked.file.writing():
                forked.file.set_meta("until", max(until, steps + 1))
                forked.file.set_meta(fields.CHOICE, run.file.meta(fields.CHOICE))
            forked.file.close()
        self._tell(Changed("runs"))
        return Done(name, steps, steps + 1, said=(f"a fork of {command.run} at step {at}: {about}",))

    def _note(self, command: Note) -> Done:
        with self.shelf.run(command.run) as run:
            run.note(command.text, command.step or None)
            return Done(command.run, run.steps, command.step)

    def _uploadtable(self, command: UploadTable) -> Done:
        id, said = self.sets.keep_table(command)
        self._tell(Changed("data"))
        return Done(data=id, said=said)

    def _uploadpoints(self, command: UploadPoints) -> Done:
        id, said = self.sets.keep_points(command)
        self._tell(Changed("data"))
        return Done(data=id, said=said)

    def _deletedata(self, command: DeleteData) -> Done:
        self.sets.delete(command.data)
        self._tell(Changed("data"))
        return Done(data=command.data)

    def _close(self, command: Close) -> Done:
        training = self._trainings.get(command.run)
        if training is not None:
            training.stop()
        with self.shelf.run(command.run) as run:
            return Done(command.run, run.steps)

    def _sweep(self, command: Sweep) -> Done:
        return Done(sweep=self._sweeps.start(command))

    def _stopsweep(self, command: StopSweep) -> Done:
        self._sweeps.stop(command.sweep)
        return Done(sweep=command.sweep)

    # --- processes -----------------------------------------------------------------------------------------------

    def _trained(self, name: str) -> Training:
        """The process of this run; a new one where it has none."""
        training = self._trainings.get(name)
        if training is not None:
            return training
        path = self.shelf.path(name)
        self._begin(Begin(name, str(path), str(self._place)))
        return self._trainings[name]

    def _engaged(self, name: str) -> Training:
        """A process for a run. Where there are many, one that waits is ended. Errors: SettingError ``lab-busy``."""
        with self._lock:
            if self._closing.is_set() or name in self._trainings:
                raise busy("the lab is being ended" if self._closing.is_set() else f"{name} is being opened already")
            idle = None
            if len(self._trainings) >= limits.MOST_TRAININGS:
                idle = next((each for each in self._trainings.values() if not each.is_busy), None)
                if idle is None:
                    raise busy(f"{len(self._trainings)} runs are training")
            training = self._spare or Training(self._heard, self._ended)
            self._spare = None
            self._trainings[name] = training
        if idle is not None:
            idle.stop()
        return training

    def _prepare(self) -> None:
        """Keep a process ready: its imports take longer than a small training."""
        with self._lock:
            if self._spare is None and not self._closing.is_set():
                self._spare = Training(self._heard, self._ended)

    def _forget(self, training: Training) -> None:
        with self._lock:
            for name, other in list(self._trainings.items()):
                if other is training:
                    del self._trainings[name]
            if self._spare is training:
                self._spare = None

    def _heard(self, training: Training, live: Live) -> None:
        if not self._closing.is_set():
            self._tell(live)

    def _ended(self, training: Training) -> None:
        self._forget(training)
        if training.run and not self._closing.is_set():
            self._tell(Changed("runs"))

    def close(self) -> None:
        """End all trainings in order, and close all files."""
        self._closing.set()
        with self._lock:
            waiting = [*self._trainings.values(), *([self._spare] if self._spare else [])]
        for training in waiting:
            threading.Thread(target=training.stop, daemon=True).start()
        self._sweeps.close()
        for training in waiting:
            training.join()
        self.shelf.close()
        self._watch.join()

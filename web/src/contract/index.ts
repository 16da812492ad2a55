// Made from the Python records by `npm run contract`: edit those, not this file. Fingerprint f524748fd93455a5

export type Payload = (LossCurve | ConfusionMatrix | Residuals | SurfaceView | DescentView | QuadraticView | RaceView | CourseView | BarsView | HeatView | CurveView | HistogramView | SliceView | TimelineView | NetworkView | DerivationView | GraphView | ProgramView | DataView | BoundaryView | RowsView | RunsView | CompareView | SweepView | CatalogueView | PresetsView | WhereView | TextView)
export type Command = (Create | Play | Pause | Step | Goto | Back | Fork | Set | Note | UploadTable | UploadPoints | DeleteData | Close | Sweep | StopSweep)
export type Told = (Live | Changed | Hello | Stopping)

/**
 * The answer to a question.
 */
export interface Answered {
id: number
answer: Payload
}
/**
 * The loss over the steps of a run, thinned so that each bucket keeps its lowest and its highest value.
 *
 *     steps, loss: the points that were kept, in order; None where the loss is not finite. smoothed: the running median
 *     over ``window`` steps (the finite ones of them), at ``smoothed_steps``; both empty for short runs. Of a very long
 *     run, which is drawn from its summaries, lowest and highest stand at the beginning and in the middle of their bucket,
 *     and smoothed is the bucket's mean (smoothed_by), over ``window`` steps.
 *     held_out_steps, held_out_loss: one point an epoch. not_finite: how many steps had a NaN or infinite loss, all
 *     counted, also where ``events`` sums them up.
 */
export interface LossCurve {
type: "loss_curve"
title: string
x_label: string
y_label: string
n_steps: number
steps: number[]
loss: (number | null)[]
window: number
smoothed_steps: number[]
smoothed: (number | null)[]
held_out_steps: number[]
held_out_loss: (number | null)[]
not_finite: number
events: Event[]
smoothed_by?: ("mean" | "median")
}
/**
 * Something to point at. step: where on the step axis; None if it belongs to no step. count: how many in a row.
 */
export interface Event {
kind: ("damaged" | "failure" | "fork" | "infinite" | "nan" | "note" | "stopped" | "thinned")
text: string
step?: (number | null)
count?: number
}
/**
 * How often a row of one class was taken for another. counts[i][j]: rows of class i that were predicted as j.
 *
 *     part: the rows that were judged, "held-out" or "training". n: their number, the sum of all counts.
 */
export interface ConfusionMatrix {
type: "confusion"
title: string
target: string
part: ("held-out" | "training")
classes: string[]
counts: number[][]
n: number
events: Event[]
}
/**
 * Target minus prediction, in the user's unit, for the rows of one part.
 *
 *     target, predicted, rows: the points that were kept, with their row in the source; all rows of a small set, else an
 *     even sample together with the largest residuals. predicted is None where it is not finite. n, rmse, mae, r2,
 *     quantiles (of the residual, at 0, 5, 25, 50, 75, 95 and 100 %): over all rows with a finite prediction; None where
 *     there is none. unit: the name of the target column, which stands for its unit.
 */
export interface Residuals {
type: "residuals"
title: string
unit: string
part: ("held-out" | "training")
target: number[]
predicted: (number | null)[]
rows: number[]
n: number
not_finite: number
rmse: (number | null)
mae: (number | null)
r2: (number | null)
quantiles: number[]
events: Event[]
}
/**
 * A function of two numbers as a map. z[i][j]: its value at (x[j], y[i]), None where it has none.
 *
 *     domain: (lowest x, highest x, lowest y, highest y). levels: where contours are drawn, ascending; evenly on the scale
 *     of log(z − lowest) where a lowest value is known, else so that each band covers the same area. minima: the known
 *     ones. formula: for people; latex: the same as LaTeX. not_finite: how many values of z are None.
 */
export interface SurfaceView {
type: "surface"
title: string
name: string
formula: string
latex: string
teaches: string
domain: [number, number, number, number]
x: number[]
y: number[]
z: (number | null)[][]
levels: number[]
minima: Lowest[]
lowest: (number | null)
start: [number, number]
not_finite: number
events: Event[]
}
/**
 * A known minimum of a surface.
 */
export interface Lowest {
x: number
y: number
value: number
}
/**
 * One or several ways down the same surface.
 */
export interface DescentView {
type: "descent"
title: string
surface: SurfaceView
paths: PathView[]
events: Event[]
}
/**
 * One optimizer's way down. Row k of points, values, gradients and state belongs to the point after steps[k] steps.
 *
 *     label: the optimizer's name with its rate, short; optimizer: all its settings. lr: None for a schedule. steps: those
 *     that were kept, all of them up to ``MOST_KEPT``; n_steps: how many were taken. updates, effective_rates: of the step
 *     that follows row k, so None in the last row; likewise what is not finite anywhere. state: what the optimizer
 *     remembered on arrival, by its own names, those with a number for x and one for y. verdict, at, because: what
 *     happened, in a word, since which step, and why it is called so. left: the first step that went over the edge of
 *     the domain; outside: how many points were there. end: where the path ended. not_finite: how many points, values or
 *     gradients were not.
 */
export interface PathView {
label: string
optimizer: string
lr: (number | null)
n_steps: number
steps: number[]
points: [(number | null), (number | null)][]
values: (number | null)[]
gradients: [(number | null), (number | null)][]
updates: [(number | null), (number | null)][]
effective_rates: [(number | null), (number | null)][]
state: {
[k: string]: [(number | null), (number | null)][]
}
verdict: string
at: (number | null)
because: string
limit: (Limit | null)
left: (number | null)
outside: number
end: [(number | null), (number | null)]
evaluations: number
not_finite: number
notes: string[]
}
/**
 * The exact limit of a rate on a quadratic surface: ``lr`` must stay below constant / steepest.
 *
 *     limit: that number; None where the surface curves down, so that no rate is stable. sentence: all of it in words.
 */
export interface Limit {
constant: number
steepest: number
limit: (number | null)
sentence: string
}
/**
 * A surface near one point: f(p + d) ≈ value + gradient·d + d·hessian·d / 2.
 *
 *     curvatures: the Hessian's eigenvalues, ascending; directions[i]: the unit vector of curvatures[i]. limit: 2/λmax,
 *     above which gradient descent is not stable here, None where the surface does not curve up. newton: the lowest point
 *     of the model, (None, None) where it has none. sentence: what follows, in words.
 */
export interface QuadraticView {
type: "quadratic"
title: string
point: [number, number]
value: (number | null)
gradient: [(number | null), (number | null)]
hessian: [(number | null), (number | null)][]
curvatures: [(number | null), (number | null)]
directions: [(number | null), (number | null)][]
limit: (number | null)
newton: [(number | null), (number | null)]
sentence: string
not_finite: number
events: Event[]
}
/**
 * Optimizers under the same conditions, the lowest first. at: the evaluations of the curves' columns, 1 to budget.
 *
 *     runs: of each entrant, over which the median and the quarters are taken. lowest: the lowest known value.
 */
export interface RaceView {
type: "race"
title: string
surface: string
budget: number
runs: number
lowest: (number | null)
at: number[]
entrants: RaceEntrant[]
notes: string[]
events: Event[]
}
/**
 * One optimizer of a race. low, median, high: of the best value so far over the runs, None before there is one.
 *
 *     name: without its rate; lr: the rate or schedule as text. tuned: whether lr is the best of those tried, which cost
 *     ``tuning`` evaluations. evaluations: of all its runs in the race. diverged: runs that ended in NaN or infinity.
 */
export interface RaceEntrant {
name: string
lr: string
tuned: boolean
evaluations: number
tuning: number
low: (number | null)[]
median: (number | null)[]
high: (number | null)[]
diverged: number
}
/**
 * A few numbers over the steps. values of each line belong to ``steps``; n_steps: how many steps were read.
 */
export interface CourseView {
type: "course"
title: string
unit: string
sentence: string
n_steps: number
steps: number[]
panels: Panel[]
band: (Band | null)
not_finite: number
events: Event[]
}
/**
 * Lines on one scale. title: what sets them apart from the other panels; "" where there is one.
 */
export interface Panel {
title: string
lines: Line[]
}
/**
 * Numbers under a name.
 */
export interface Line {
name: string
values: (number | null)[]
}
/**
 * Where a value usually lies, each end None if it is open, and who says so (a publication, or folklore).
 */
export interface Band {
low: (number | null)
high: (number | null)
source: string
}
/**
 * A number for each of some names, at one step. axis: what the names are; values of each line belong to them.
 */
export interface BarsView {
type: "bars"
title: string
unit: string
sentence: string
step: number
axis: string
names: string[]
panels: Panel[]
band: (Band | null)
not_finite: number
events: Event[]
}
/**
 * A number for each of many names over the steps: values[i][j] belongs to names[i] and steps[j].
 */
export interface HeatView {
type: "heat"
title: string
unit: string
sentence: string
n_steps: number
steps: number[]
axis: string
names: string[]
values: (number | null)[][]
not_finite: number
events: Event[]
}
/**
 * A curve for each of a few steps, the oldest first. is_log: x is a geometric series. marks: of the last curve.
 */
export interface CurveView {
type: "curve"
title: string
unit: string
sentence: string
x_label: string
is_log: boolean
curves: Curve[]
marks: Mark[]
not_finite: number
events: Event[]
}
/**
 * What was read at one step along x. smoothed: the same with less noise, empty where the instrument has none.
 */
export interface Curve {
step: number
x: number[]
y: (number | null)[]
smoothed?: (number | null)[]
}
/**
 * A place on the x axis with a name.
 */
export interface Mark {
name: string
x: number
}
/**
 * How many numbers have which size and sign, over the steps.
 *
 *     edges: of the magnitude, ascending from 0; bin 0 holds the most negative numbers, the last one the greatest: the
 *     bins of negative numbers stand in reverse, then those of positive ones. Magnitudes that occur nowhere have no bins
 *     at either end: the first one begins at 0, and the last one is empty, so that its edge ends the one before.
 *     left_out: names of the arrays that are not among the panels, which can be asked for one by one.
 */
export interface HistogramView {
type: "histogram"
title: string
unit: string
sentence: string
n_steps: number
steps: number[]
edges: number[]
panels: Counts[]
not_finite: number
events: Event[]
left_out?: string[]
}
/**
 * The histograms of one array. counts[j][k]: numbers in bin k at step j; zero, not_finite: those without a bin.
 */
export interface Counts {
name: string
counts: number[][]
zero: (number | null)[]
not_finite: (number | null)[]
}
/**
 * The loss over a plane through the parameters of a step. z[i][j]: at (x[j], y[i]), None where it is not finite.
 *
 *     levels: where contours are drawn. path: places of earlier parameters in the plane, of the steps ``path_steps``.
 *     explained: the part of the path's variance along x and y, each None where there is no path.
 */
export interface SliceView {
type: "slice"
title: string
unit: string
sentence: string
step: number
x_label: string
y_label: string
x: number[]
y: number[]
z: (number | null)[][]
levels: number[]
path: [(number | null), (number | null)][]
path_steps: number[]
explained: [(number | null), (number | null)]
not_finite: number
events: Event[]
}
/**
 * A run from its first to its last step: recorded numbers, snapshots, and what happened when.
 *
 *     snapshots: how many steps were done at each, so 0 is before the first step.
 */
export interface TimelineView {
type: "timeline"
title: string
n_steps: number
tracks: Track[]
snapshots: number[]
events: Event[]
}
/**
 * A number over the whole of a run, a stretch of steps for each point: lowest, mean and highest of its finite ones.
 *
 *     first, last: of each stretch. not_finite: how many of its numbers are not. Where every step has a stretch of its own
 *     the three are the same.
 */
export interface Track {
name: string
label: string
first: number[]
last: number[]
low: (number | null)[]
mean: (number | null)[]
high: (number | null)[]
not_finite: number[]
}
/**
 * One step of a network: the values going forward, the loss, the error signals going backward, the update.
 *
 *     of: over what the numbers are taken, in words. row: place in the mini-batch of the one row that is shown, None for
 *     all ``n_rows``: then values are means over the rows, and errors, gradients and the loss those of the mean loss. Of
 *     one row they are those of this row's own loss; the updates are always those that the step took. rule: the optimizer.
 *     plain: whether each update is −lr · gradient as it stands here. not_finite: of all numbers, the folded ones too.
 *     places: of the unit that was asked for, where it has many numbers.
 */
export interface NetworkView {
type: "network"
title: string
of: string
step: number
row: (number | null)
n_rows: number
layers: UnitLayer[]
wires: Wire[]
loss: (number | null)
lr: (number | null)
rule: string
plain: boolean
not_finite: number
events: Event[]
places?: (UnitPlaces | null)
}
/**
 * A layer, the input being the first. n: all of its units, of which ``units`` are those that are shown.
 *
 *     places: where a unit has many numbers, how many: (height, width) of a channel of images, (steps,) of a sequence.
 *     Then a unit's value is their mean, and its error their sum.
 */
export interface UnitLayer {
name: string
label: string
activation: string
n: number
units: Unit[]
places?: number[]
}
/**
 * One unit of a layer. place: its index in the layer.
 *
 *     value: what it hands on, going forward; before: the same before the activation. error: dloss/dvalue, the error
 *     signal that comes back; error_before: dloss/dbefore. bias with its gradient and its update; target: of an output.
 *     None where there is none, and where a number is not finite.
 */
export interface Unit {
label: string
place: number
value: (number | null)
error: (number | null)
before?: (number | null)
error_before?: (number | null)
bias?: (number | null)
bias_gradient?: (number | null)
bias_update?: (number | null)
target?: (number | null)
}
/**
 * The edges from layer ``source`` to layer ``target`` (places in ``layers``), between the units that are shown.
 *
 *     name: of the matrix of weights. weights[i][j]: from shown unit i of the source to shown unit j of the target; so are
 *     gradients and updates. n: all edges. Where the layer is no matrix (a convolution, dropout) the three are empty, and
 *     text says what it is.
 */
export interface Wire {
name: string
source: number
target: number
n: number
weights: (number | null)[][]
gradients: (number | null)[][]
updates: (number | null)[][]
text?: string
}
/**
 * All numbers of one unit that has many, for one row of the mini-batch.
 *
 *     layer, unit: which; row: place in the mini-batch. axes: what places are counted by, ("row", "column") or ("step",).
 *     values, errors: what it hands on, and the error signals, at each place; a sequence is one line. errors are those of
 *     the mini-batch's loss; () where there are none. place: the chosen one; why: why this one, "" where it was asked for.
 *     entries: the address of a place, with one number in braces for each axis: "conv1[0, 3, {0}, {1}]".
 */
export interface UnitPlaces {
layer: string
unit: number
row: number
axes: string[]
values: (number | null)[][]
errors: (number | null)[][]
place: number[]
why: string
entries: string
}
/**
 * Where a number comes from: sums one below the other, from it to the loss, along the part that is taken of each.
 *
 *     equations: statements about whole arrays, in place of sums, each with what is said about it. update: how the
 *     optimizer turned the gradient into the change, line by line. kind: what is explained, as a Derivation has it.
 *     equations_latex, update_latex: the same in LaTeX, one for each. whole: layers, the loss among them, that are taken
 *     as a whole and can be opened operation by operation.
 */
export interface DerivationView {
type: "derivation"
title: string
sentence: string
value: (number | null)
sums: Sum[]
ending: string
equations: [string, string][]
update: string[]
not_finite: number
events: Event[]
kind?: string
equations_latex?: string[]
update_latex?: string[]
whole?: string[]
}
/**
 * One equality of the chain rule: the parts and the rest (of ``others`` parts) add up to the value.
 *
 *     name: of what it is; formula: what is summed or multiplied; where: the user's line and the rules. A single product
 *     has one part. latex: name and formula; address: of what it is, as in a part; by: over what the sum is, "" for a
 *     single product; layer: where it happens.
 */
export interface Sum {
name: string
formula: string
where: string
parts: Part[]
others: number
rest: (number | null)
value: (number | null)
latex?: string
address?: string
by?: string
layer?: string
}
/**
 * One part of a sum. product: its two factors in numbers, "" where it has others; taken: the next sum is of it.
 *
 *     address: what it comes through, as ``step.explain`` takes it ("errors.dense1.z[8, 2]"); "" where it is several
 *     entries, or has no name.
 */
export interface Part {
label: string
product: string
value: (number | null)
note: string
taken: boolean
address?: string
}
/**
 * The traced graph of a step, forward and backward half, in the order in which it is computed.
 *
 *     edges: (from item, to item). n_nodes: operations in the whole graph. groups: all names of groups, in order, each to
 *     be folded or opened. open: those that are not folded. outputs: items that hold a result. not_finite: operations
 *     whose value has a NaN or an infinity; the first of them is in events. names: every name of an address -> its node
 *     and the node that holds its adjoint, whether or not it is folded. culprit: address of the first operation with a NaN
 *     or an infinity, "" where there is none.
 */
export interface GraphView {
type: "graph"
title: string
step: number
n_nodes: number
items: GraphItem[]
edges: [number, number][]
groups: string[]
open: string[]
outputs: number[]
not_finite: number
events: Event[]
names?: {
[k: string]: [number, (number | null)]
}
culprit?: string
}
/**
 * An operation, or a folded group of them. id: its place among the items, by which edges name it.
 *
 *     node: its number in the traced graph, None for a group. count: operations in it, 1 where it is one itself. name:
 *     the user's name of it, "" if there is none, or the group's ("dense1", "dense1 backward"). primitive: "" for a group.
 *     scope: the group that it belongs to. shape, dtype: of its value; of a group's last one. backward: whether it is of
 *     the backward half. of: the node whose rule made it. adjoint: the node that holds dL/d(this). line: the user's line,
 *     "mine.py:12", and code: what stands there, "" where it is not at hand. flops: of the operation or the whole group.
 *     values: at the step that is looked at, None where nobody asked for them. latex: of the operation. address: what
 *     ``step.explain`` and all views call its value ("dense1.w", "activations.dense1.z", "errors.dense1.z", "%17" where it
 *     has no name); of a group its layer. nodes: all in it; holds: how many of a group are of which primitive.
 */
export interface GraphItem {
id: number
node: (number | null)
count: number
name: string
primitive: string
scope: string
shape: number[]
dtype: string
backward: boolean
of: (number | null)
adjoint: (number | null)
line: string
code: string
flops: number
values: (Values | null)
latex: string
address?: string
nodes?: number[]
holds?: {
[k: string]: number
}
}
/**
 * An array in a few numbers: lowest, mean and highest of its finite ones, and the first few in their order.
 *
 *     not_finite: how many are NaN or infinite, of ``size``. first: None where it is not finite.
 */
export interface Values {
size: number
low: (number | null)
mean: (number | null)
high: (number | null)
not_finite: number
first: (number | null)[]
}
/**
 * The readable program of a step's loss and gradients, with the numbers of the step beside its lines.
 *
 *     names, culprit: as of a graph.
 */
export interface ProgramView {
type: "program"
title: string
step: number
lines: ProgramLine[]
not_finite: number
events: Event[]
names?: {
[k: string]: [number, (number | null)]
}
culprit?: string
}
/**
 * A line of the program. text: as it is written, with its indent. target: the name that it gives, "" for others.
 *
 *     nodes: the operations that it computes, the last being its result. scope: layer. shape, dtype, values: of the
 *     result at the step; values is None for lines without one. address: of the result, as of a graph's item. line: the
 *     user's, "mine.py:12", and code: what stands there.
 */
export interface ProgramLine {
text: string
target: string
note: string
nodes: number[]
scope: string
backward: boolean
shape: number[]
dtype: string
values: (Values | null)
address?: string
line?: string
code?: string
}
/**
 * A data set as points of two of its features, in the user's units, thinned evenly where there are many.
 *
 *     first, second: names of the features that are drawn; second is "" where there is only one. x, y: of each point; y is
 *     the target for a single feature. target: class index, or the number itself in the user's unit. rows: in the source.
 *     held_out: whether a point is of that part. faults: 1 + the place in ``corruptions`` of what was done to the row on
 *     purpose, 0 for nothing. n_train, n_held_out: of the whole set. notes: what was done to the data, in sentences.
 */
export interface DataView {
type: "data"
title: string
name: string
task: ("classification" | "regression")
features: string[]
target_name: string
classes: string[]
counts: number[]
n_train: number
n_held_out: number
first: string
second: string
x: (number | null)[]
y: (number | null)[]
target: (number | null)[]
rows: number[]
held_out: boolean[]
faults: number[]
corruptions: string[]
image_shape: ([number, number] | null)
notes: string[]
events: Event[]
}
/**
 * What a network of one or two inputs answers over their range, at one step.
 *
 *     x, y: the grid in the user's units; y is () for one input. classes: names, () for numbers. z[i][j]: at (x[j], y[i]):
 *     probability of the second of two classes; of more the index of the likeliest; else the predicted number. sure[i][j]:
 *     probability of the likeliest class, () where z says it. unit_x, unit_y: the coarser grid of ``units``. left_out:
 *     units that are not listed because there are too many.
 */
export interface BoundaryView {
type: "boundary"
title: string
step: number
first: string
second: string
classes: string[]
x: number[]
y: number[]
z: (number | null)[][]
sure: (number | null)[][]
unit_x: number[]
unit_y: number[]
units: UnitMap[]
left_out: number
not_finite: number
events: Event[]
}
/**
 * What one unit answers over the plane: values[i][j] at (x[j], y[i]) of its view. dead: 0 everywhere on it.
 */
export interface UnitMap {
layer: string
unit: number
values: (number | null)[][]
low: (number | null)
high: (number | null)
dead: boolean
}
/**
 * The examples of one step, those with the greatest share of its gradient first; at most ``MOST_ROWS`` of them.
 *
 *     n: rows of the mini-batch. features: names of the values that are shown, cut at ``MOST_FEATURES``. image_shape:
 *     (height, width) where a row is an image.
 */
export interface RowsView {
type: "rows"
title: string
step: number
loss: (number | null)
n: number
sentence: string
features: string[]
image_shape: ([number, number] | null)
rows: RowShown[]
not_finite: number
events: Event[]
}
/**
 * An example of a mini-batch. share: of the mini-batch's gradient along itself, so that all shares are 1 together.
 *
 *     place: in the mini-batch; row: in the source. target, predicted: as words or numbers in the user's unit. values: the
 *     features in the user's units, or the pixels of an image. faults: what was done to this row on purpose.
 */
export interface RowShown {
place: number
row: number
share: (number | null)
loss: (number | null)
target: string
predicted: string
values: (number | null)[]
faults: string[]
}
/**
 * The runs of a folder, the newest first. total: how many there are, where not all of them are listed.
 */
export interface RunsView {
type: "runs"
title: string
folder: string
runs: RunShown[]
total: number
events: Event[]
}
/**
 * A run as its file describes it. began: seconds since 1970. size: bytes. live: whether it is training now.
 *
 *     state: "finished", "not finished", "stopped", "failed" (numbers that are not finite) or "damaged"; why: in words.
 *     loss: its first and its last one. course: the loss over all steps, in a few points. metric: the held-out one.
 *     parent, parent_step: what it is a fork of; about: what the fork changed.
 */
export interface RunShown {
name: string
state: string
why: string
live: boolean
data: string
model: string
optimizer: string
steps: number
until: number
first_loss: (number | null)
last_loss: (number | null)
course: (number | null)[]
metric: string
value: (number | null)
size: number
began: number
parent: (string | null)
parent_step: (number | null)
about: string
}
/**
 * Two runs side by side. first: the first step at which they differ, None if all shared steps are the same.
 *
 *     steps: where the parameters were compared. distance: between them; relative: that over the first run's norm. both
 *     losses at these steps. metric: held out at the end of each; "" if nothing was held out.
 */
export interface CompareView {
type: "compare"
title: string
here: string
there: string
steps_here: number
steps_there: number
first: (number | null)
settings: Difference[]
steps: number[]
distance: (number | null)[]
relative: (number | null)[]
loss_here: (number | null)[]
loss_there: (number | null)[]
metric: string
metric_here: (number | null)
metric_there: (number | null)
not_finite: number
events: Event[]
}
/**
 * A setting that is not the same in two runs.
 */
export interface Difference {
name: string
here: string
there: string
}
/**
 * A setting against a result. words: at 0, 1, 2 ... of the axis, where the setting is no number.
 *
 *     runs: all of them; places: of each its x, and its line. columns, varied: what y_label and x_label may be. state,
 *     done, meant, why: how far a sweep of the lab is. name: of its file, and names: of all that are there, the newest
 *     first; "" and none of a table in hand. again: the lab's settings of the sweep, with which a run of it can be trained
 *     by itself.
 */
export interface SweepView {
type: "sweep"
title: string
x_label: string
y_label: string
words: string[]
is_log: boolean
lines: SweepLine[]
events: Event[]
runs: SweepRun[]
places: [number, number][]
columns: string[]
varied: string[]
done: number
meant: number
state?: ("done" | "failed" | "lost" | "stopped" | "training")
why?: string
name?: string
names?: string[]
again?: ({
[k: string]: unknown
} | null)
}
/**
 * Runs that share all settings but the one that goes to the right, and the seed. name: those settings in words.
 */
export interface SweepLine {
name: string
points: SweepPoint[]
}
/**
 * The runs at one place. x: a number, or the place of a word. values: of each run, None where it is not finite.
 *
 *     mean, spread: over all of them (standard deviation, n - 1); None where one is not finite, or alone.
 */
export interface SweepPoint {
x: number
values: (number | null)[]
mean: (number | null)
spread: (number | null)
}
/**
 * A run. settings: those that vary. values: its loss and metrics at the end, None where they are not finite.
 *
 *     ended: why it ended early, "" if it did not. course: its loss at course_steps, None where it is not finite.
 */
export interface SweepRun {
number: number
settings: {
[k: string]: number | string
}
values: {
[k: string]: number | null
}
steps: number
seconds: number
ended: string
course_steps: number[]
course: (number | null)[]
}
/**
 * Everything that can be chosen, by table. limits: the greatest numbers that are taken, by what they limit.
 */
export interface CatalogueView {
type: "catalogue"
title: string
tables: TableShown[]
limits: {
[k: string]: number
}
events: Event[]
}
/**
 * All entries of one kind: name is "optimizers", "data sets" ...
 */
export interface TableShown {
name: string
entries: EntryShown[]
}
/**
 * An entry of a table: its word everywhere, other words for it, what it is, and its settings in their order.
 *
 *     formula: as text; latex: the same as LaTeX; each "" where it has none. kind: what sets it apart in its table, such
 *     as "classification" of a data set. cost, blind: of an instrument, what an answer takes and what it cannot see.
 */
export interface EntryShown {
id: string
aliases: string[]
kind: string
sentence: string
formula: string
latex: string
settings: SettingShown[]
cost?: string
blind?: string
}
/**
 * A setting of an entry. kind: what it takes. default: None where it has none and must be given, or is optional.
 *
 *     choices: of a word. needed: whether it must be given.
 */
export interface SettingShown {
name: string
kind: ("list" | "number" | "switch" | "whole" | "word")
default: unknown
choices: string[]
needed: boolean
}
/**
 * The gallery of good and bad settings.
 */
export interface PresetsView {
type: "presets"
title: string
presets: PresetShown[]
events: Event[]
}
/**
 * Settings that show one thing. page: where. good: whether to imitate them. reason: why it happens; look: at what.
 *
 *     settings: of page "network" those of a training; of page "surface" the args of the query "descent". play: how many
 *     steps show it. beside: the id of a preset that shows the opposite, "" if there is none. view: what to open first,
 *     with its args.
 */
export interface PresetShown {
id: string
title: string
page: ("network" | "surface")
good: boolean
reason: string
look: string
settings: {
[k: string]: unknown
}
play: number
beside: string
view: string
view_args: {
[k: string]: unknown
}
}
/**
 * What an id is and where: formula, source, file and line, code; the same as `downslope where ID` prints.
 *
 *     call: how it is called from Python. settings: (name, what it means). differs: from other libraries. page: of the
 *     documentation.
 */
export interface WhereView {
type: "where"
title: string
id: string
kind: string
sentence: string
call: string
formula: string[]
latex: string
settings: [string, string][]
facts: {
[k: string]: string
}
source: string
differs: string[]
file: string
line: number
code: string
tests: string[]
page: string
events: Event[]
}
/**
 * Another view in words and characters, for screen readers and for copying. view: whose text it is.
 *
 *     settings: of the view "summary" those with which the lab would train the same, what is usual left out; None where
 *     its fields cannot show them.
 */
export interface TextView {
type: "text"
title: string
view: string
text: string
events: Event[]
settings?: ({
[k: string]: unknown
} | null)
}
/**
 * Pause and move the cursor back by n steps. step: where it is now.
 */
export interface Back {
type: "back"
run: string
step: number
n?: number
}
/**
 * A list has become another one: "runs" (a file came or went) or "data". Ask for it again.
 */
export interface Changed {
event: "changed"
what: ("data" | "runs")
}
/**
 * What becomes different, the weights staying as they are; None leaves a setting alone.
 *
 *     lr: the same optimizer at another rate, which goes on with what it remembers; another optimizer begins afresh, with
 *     all of its settings. schedule, clip, weight_decay: as in Settings; they belong to the optimizer, which must then be
 *     given too. activation: of the hidden layers. dropout: only where the model has such layers. edit: numbers to put
 *     into parameters, by their address: {"dense1.w[3, 2]": 0.0}.
 */
export interface Changes {
optimizer?: (Choice | null)
lr?: (number | null)
schedule?: (Choice | null)
clip?: (number | null)
weight_decay?: (number | null)
batch_size?: (number | "all" | null)
activation?: (string | null)
dropout?: (number | null)
seed?: (number | null)
data?: (DataChoice | null)
edit?: {
[k: string]: number
}
}
/**
 * An entry of a table of the catalogue, and its settings by name; those left out have their defaults.
 */
export interface Choice {
name: string
settings?: {
[k: string]: boolean | number | string | null
}
}
/**
 * What is trained on. name: an embedded or synthetic set, or the id of an uploaded one.
 *
 *     settings: those of the set (n, noise, held_out, seed ...); of an uploaded table target, missing, held_out ... as
 *     ``ds.data.table`` has them. corruptions: faults that are put in on purpose, one after another.
 */
export interface DataChoice {
name: string
settings?: {
[k: string]: boolean | number | string | string[] | null
}
corruptions?: Choice[]
}
/**
 * End the process that trains this run. Its file stays, and playing it begins a new process.
 */
export interface Close {
type: "close"
run: string
}
/**
 * Make a run that has taken no step yet; it waits. The name of its file is in the answer.
 */
export interface Create {
type: "create"
settings: Settings
}
/**
 * All that a training of the lab depends on: the same settings, the same run.
 *
 *     hidden: units of each hidden layer. activation: of all of them. initialiser: of all weights, with its settings
 *     ({"std": 1} of normal); None is the one that suits the activation. normalise: a layer after each hidden product.
 *     dropout: the part of each hidden layer that is left out, 0 for none. loss: None is softmax cross-entropy for classes
 *     and mean squared error for numbers. schedule: decides the rate instead of the optimizer's lr, which becomes its
 *     highest rate; a length in steps that is left out is that of the whole training. clip: the greatest norm of the
 *     gradient. weight_decay: strength of the pull of all parameters to 0, where the optimizer knows one. batch_size: None
 *     is all rows in every step. steps: at which the training ends by itself. seed: of start parameters, batch order and
 *     dropout. dialect: of the program that trains, as of ``ds.train``. name: of the run's file, made from the data's name
 *     if "".
 */
export interface Settings {
data?: DataChoice
hidden?: number[]
activation?: string
initialiser?: (Choice | null)
normalise?: ("batch_norm" | "layer_norm" | "none")
dropout?: number
loss?: (string | null)
optimizer?: Choice
schedule?: (Choice | null)
clip?: (number | null)
weight_decay?: number
batch_size?: (number | null)
steps?: number
seed?: number
dtype?: ("float32" | "float64")
dialect?: ("auto" | "in place" | "machine")
name?: string
}
/**
 * Train on. speed: steps a second, 0 as many as it can. until: a step at which it pauses by itself.
 */
export interface Play {
type: "play"
run: string
speed?: number
until?: (number | null)
}
/**
 * Wait after the step that is being taken; all of them are in the file when this is done.
 */
export interface Pause {
type: "pause"
run: string
}
/**
 * Pause, and take n more steps.
 */
export interface Step {
type: "step"
run: string
n?: number
}
/**
 * Pause and move the cursor; the answer's step is where it is. Nothing is lost: the steps stay in the file.
 *
 *     step: from 1 to one more than were taken; -1 is the last. A number beyond the end becomes the nearest that is there.
 */
export interface Goto {
type: "goto"
run: string
step: number
}
/**
 * A new run with the same past, in which step ``at`` is the first that may differ; it waits. Its name is answered.
 *
 *     at: None is the step that would come next. changes: of its settings, and edits of its weights.
 */
export interface Fork {
type: "fork"
run: string
at?: (number | null)
changes?: Changes
}
/**
 * Change settings of a run from its next step on; the weights stay, and it goes on playing if it did.
 */
export interface Set {
type: "set"
run: string
changes: Changes
}
/**
 * Write a remark into a run's file. step: which one it is about.
 */
export interface Note {
type: "note"
run: string
text: string
step?: (number | null)
}
/**
 * A CSV or TSV table of one's own, as text, kept in the lab's folder. name: a file's name, or any word.
 *
 *     target: the column to predict; the last one if None. Answered with the set's id in ``data``.
 */
export interface UploadTable {
type: "upload"
name: string
text: string
target?: (string | null)
}
/**
 * Points drawn by hand. x: (x1, x2) of each. y: its class. Answered with the set's id in ``data``.
 */
export interface UploadPoints {
type: "draw"
name: string
x: [number, number][]
y: number[]
}
/**
 * Remove an uploaded set from the folder. Runs that were trained on it keep their own copy.
 */
export interface DeleteData {
type: "delete_data"
data: string
}
/**
 * Train many runs of the same settings and compare them, in a process of their own. Its name is in the answer.
 *
 *     rates: the learning rates, each with every optimizer and every seed. seeds: how many, from that of the settings on.
 *     optimizers: names; that of the settings alone if none is named.
 */
export interface Sweep {
type: "sweep"
settings: Settings
rates: number[]
seeds?: number
optimizers?: string[]
}
/**
 * End a sweep; the runs that are done are kept.
 */
export interface StopSweep {
type: "stop_sweep"
sweep: string
}
/**
 * The answer to a command.
 */
export interface Did {
id: number
done: Done
}
/**
 * A command that was carried out. run: its name. steps: how many it has now. step: where the cursor is.
 *
 *     data: id of the uploaded set. sweep: its name. said: what there is to know about it, in sentences.
 */
export interface Done {
run?: (string | null)
steps?: (number | null)
step?: (number | null)
data?: (string | null)
sweep?: (string | null)
said?: string[]
}
/**
 * What went wrong, in the four lines of an error. code: the heading of its section in docs/errors.md.
 */
export interface Failure {
code: string
what: string
where: string
why: string
do: string
}
/**
 * The first message of a connection. folder: where runs are kept. opened: the run that the page should show first.
 *
 *     trainings: those that are going on, so that a page that lost its connection is where it was.
 */
export interface Hello {
event: "hello"
version: string
protocol: number
folder: string
opened: (string | null)
trainings: Live[]
}
/**
 * How far a training is; about thirty a second of each run, and one at every change of its state.
 *
 *     steps: in its file, so that they can be asked for. taken: those not written yet included. until: where it ends by
 *     itself. rate: steps a second, of the last moments. loss: of the last mini-batch, None where it is not finite.
 *     metric: on the held-out part, with its name. state: "failed" is at the first number that is not finite, "lost" if
 *     its process died; why: in words. speed: as it was asked for, 0 as many as it can.
 */
export interface Live {
event: "live"
run: string
steps: number
taken: number
until: number
state: ("done" | "failed" | "lost" | "paused" | "starting" | "training")
rate: number
speed?: number
loss?: (number | null)
metric_name?: string
metric?: (number | null)
epoch?: number
why?: string
}
/**
 * From the page: one of ask and do. id: chosen by the page, and in the answer again.
 */
export interface Message {
id: number
ask?: (Query | null)
do?: (Command | null)
}
/**
 * A question. view: the id of an answer (`catalogue` lists them). run: the name of a run, without ".run".
 *
 *     step: the step that is looked at; the run's last one if None. args: what else the view takes, by name; numbers,
 *     texts, and lists of them. Views that are about no run (surface, descent, race, catalogue ...) leave run out.
 */
export interface Query {
view: string
run?: (string | null)
step?: (number | null)
args?: {
[k: string]: unknown
}
}
/**
 * A question or a command that failed. id: -1 where the message could not be read so far as to know it.
 */
export interface Refused {
id: number
failure: Failure
}
/**
 * The lab is being ended; its run files are complete.
 */
export interface Stopping {
event: "stopping"
why: string
}
/** Settings of a training in which nothing was chosen. */
export const USUAL: Required<Settings> = {
  "data": {
    "name": "moons"
  },
  "hidden": [
    8,
    8
  ],
  "activation": "tanh",
  "initialiser": null,
  "normalise": "none",
  "dropout": 0,
  "loss": null,
  "optimizer": {
    "name": "adam",
    "settings": {
      "lr": 0.01
    }
  },
  "schedule": null,
  "clip": null,
  "weight_decay": 0,
  "batch_size": 32,
  "steps": 20000,
  "seed": 0,
  "dtype": "float32",
  "dialect": "auto",
  "name": ""
};

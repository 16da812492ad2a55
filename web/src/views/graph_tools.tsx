// The controls over a graph: finding, folding, zooming.
import type { GraphView } from "../contract";
import { Button, Controls } from "../draw/controls";
import type { State } from "../state/state";
import { MOST_ITEMS, open } from "./graph_open";
import { SearchField } from "./graph_search";

export const CLOSER = 1.3;

export interface ToolsProps {
  payload: GraphView;
  folds: boolean;
  state: State;
  onFound: (items: ReadonlySet<number>) => void;
  onItem: (id: number) => void;
  onZoom: (factor: number) => void;
  onAll: () => void;
}

export function Tools({ payload, folds, state, onFound, onItem, onZoom, onAll }: ToolsProps) {
  return (
    <Controls label="What is seen of the graph">
      <SearchField
        payload={payload}
        onFound={(ids) => onFound(new Set(ids))}
        onChoose={(found) => (found.address ? (state.select.value = found.address) : onItem(found.item))}
      />
      {folds && (
        <>
          <Button onClick={() => open(state, [])} disabled={!payload.open.length}>
            fold all
          </Button>
          <Button
            onClick={() => open(state, payload.groups)}
            disabled={payload.open.length === payload.groups.length || payload.n_nodes > MOST_ITEMS}
          >
            open all
          </Button>
        </>
      )}
      <Button label="Closer" onClick={() => onZoom(CLOSER)}>
        +
      </Button>
      <Button label="Farther" onClick={() => onZoom(1 / CLOSER)}>
        −
      </Button>
      <Button onClick={onAll}>all of it</Button>
      {payload.culprit && <Button onClick={() => (state.select.value = payload.culprit!)}>the first NaN or ∞</Button>}
    </Controls>
  );
}

// Layered layouts of graphs.
import * as dagre from "@dagrejs/dagre";
import { register } from "./register";

register("dagre", dagre);

// A height field and lines over it, drawn with WebGL2: a mesh, one light, no library.
import { TALL } from "./relief_camera";

export interface ReliefScene {
  columns: number;
  rows: number;
  /** Heights from 0 to 1, row by row; NaN leaves a hole. */
  heights: Float32Array;
  /** Places of each line, three numbers a point, from -1 to 1 in x and y (z is the height), and its colour. */
  lines: readonly { points: Float32Array; colour: readonly [number, number, number] }[];
  low: readonly [number, number, number];
  high: readonly [number, number, number];
  paper: readonly [number, number, number];
}

export interface Relief {
  /** view: the matrix of a lens. */
  draw(scene: ReliefScene, view: Float32Array): void;
  end(): void;
}

const MESH = `#version 300 es
in vec3 place; in vec3 normal; uniform mat4 view; uniform vec3 low, high; out vec3 colour;
void main() {
  gl_Position = view * vec4(place, 1.0);
  float light = 0.72 + 0.28 * max(dot(normalize(normal), normalize(vec3(0.4, -0.5, 0.9))), 0.0);
  colour = mix(low, high, clamp(place.z / ${TALL.toFixed(2)}, 0.0, 1.0)) * light;
}`;
const LINE = `#version 300 es
in vec3 place; uniform mat4 view; uniform vec3 low; out vec3 colour;
void main() { gl_Position = view * vec4(place, 1.0); gl_Position.z -= 0.012 * gl_Position.w; gl_PointSize = 6.0; colour = low; }`;
const PAINT = `#version 300 es
precision mediump float; in vec3 colour; out vec4 shown; void main() { shown = vec4(colour, 1.0); }`;

/** Null where the browser has no WebGL2. */
export function relief(canvas: HTMLCanvasElement): Relief | null {
  // preserveDrawingBuffer: the picture is read again when it is saved.
  const gl = canvas.getContext("webgl2", { antialias: true, preserveDrawingBuffer: true });
  if (!gl) return null;
  const mesh = program(gl, MESH);
  const path = program(gl, LINE);
  if (!mesh || !path) return null;
  const buffer = gl.createBuffer();
  const index = gl.createBuffer();

  const attribute = (of: WebGLProgram, name: string, stride: number, offset: number): void => {
    const place = gl.getAttribLocation(of, name);
    if (place < 0) return;
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 3, gl.FLOAT, false, stride, offset);
  };

  const draw = (scene: ReliefScene, view: Float32Array): void => {
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(scene.paper[0] / 255, scene.paper[1] / 255, scene.paper[2] / 255, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    const { vertices, triangles } = built(scene);
    gl.useProgram(mesh);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, vertices, gl.STREAM_DRAW);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, index);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles, gl.STREAM_DRAW);
    attribute(mesh, "place", 24, 0);
    attribute(mesh, "normal", 24, 12);
    gl.uniformMatrix4fv(gl.getUniformLocation(mesh, "view"), false, view);
    gl.uniform3fv(
      gl.getUniformLocation(mesh, "low"),
      scene.low.map((each) => each / 255),
    );
    gl.uniform3fv(
      gl.getUniformLocation(mesh, "high"),
      scene.high.map((each) => each / 255),
    );
    gl.drawElements(gl.TRIANGLES, triangles.length, gl.UNSIGNED_INT, 0);
    gl.useProgram(path);
    gl.uniformMatrix4fv(gl.getUniformLocation(path, "view"), false, view);
    for (const { points, colour } of scene.lines) {
      const raised = points.map((each, k) => (k % 3 === 2 ? each * TALL : each));
      gl.bufferData(gl.ARRAY_BUFFER, raised, gl.STREAM_DRAW);
      attribute(path, "place", 12, 0);
      gl.uniform3fv(
        gl.getUniformLocation(path, "low"),
        colour.map((each) => each / 255),
      );
      gl.drawArrays(gl.LINE_STRIP, 0, points.length / 3);
      gl.drawArrays(gl.POINTS, 0, points.length / 3);
    }
  };
  // Browsers keep only some contexts alive: one that is not drawn any more is given back at once.
  return { draw, end: () => gl.getExtension("WEBGL_lose_context")?.loseContext() };
}

function program(gl: WebGL2RenderingContext, vertex: string): WebGLProgram | null {
  const made = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, PAINT],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  return gl.getProgramParameter(made, gl.LINK_STATUS) ? made : null;
}

/** Six numbers a corner (place, normal), and two triangles for each cell whose four corners are known. */
export function built({ columns, rows, heights }: ReliefScene): { vertices: Float32Array; triangles: Uint32Array } {
  const at = (i: number, j: number): number =>
    heights[Math.min(Math.max(i, 0), rows - 1) * columns + Math.min(Math.max(j, 0), columns - 1)]!;
  const vertices = new Float32Array(rows * columns * 6);
  const corners: number[] = [];
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) {
      const height = at(i, j);
      const slopeX = ((at(i, j + 1) - at(i, j - 1)) * TALL * (columns - 1)) / 4 || 0;
      const slopeY = ((at(i + 1, j) - at(i - 1, j)) * TALL * (rows - 1)) / 4 || 0;
      const place = [(2 * j) / (columns - 1) - 1, (2 * i) / (rows - 1) - 1, (Number.isNaN(height) ? 0 : height) * TALL];
      vertices.set([...place, -slopeX, -slopeY, 1], (i * columns + j) * 6);
      if (i && j && [at(i, j), at(i - 1, j), at(i, j - 1), at(i - 1, j - 1)].every((each) => !Number.isNaN(each))) {
        const k = i * columns + j;
        corners.push(k - columns - 1, k - columns, k, k - columns - 1, k, k - 1);
      }
    }
  }
  return { vertices, triangles: new Uint32Array(corners) };
}

/** A program on the module path: the library's jars are automatic modules of stable names. */
module stranger {
  requires io.t3d.core;
  requires io.t3d.data;
  requires io.t3d.losses;
  requires io.t3d.pipeline;
  requires ai.djl.api;
}

/** What the benchmark measures, on plain numbers: no model, no file. */
package io.t3d.cli.benchmark.measure;

/**
 * A viewer of volumes in the browser: {@link io.t3d.serve.view.Viewer} serves a page, the volume
 * and what a model makes of it to this machine alone. docs/viewer.md
 */
@NullMarked
package io.t3d.serve.view;

import org.jspecify.annotations.NullMarked;

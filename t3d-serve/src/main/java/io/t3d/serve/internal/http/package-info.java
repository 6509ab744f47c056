/** The endpoints: routes, problems, access, metrics and their description. */
@NullMarked
package io.t3d.serve.internal.http;

import org.jspecify.annotations.NullMarked;

/**
 * Parts that all tasks share: volumes loaded on demand, settings of training, scores of texts and
 * the choice between them.
 *
 * <p>Each task is a package of its own: {@code classify}, {@code retrieve}, {@code report} and
 * {@code segment}. They may use this package and know nothing of each other.
 */
@NullMarked
package io.t3d.core.task;

import org.jspecify.annotations.NullMarked;

/**
 * What the tasks of a pre-trained model share: volumes that are read when needed, a frozen encoder,
 * the checks of embeddings, seeded orders, scores of texts and the choice among them.
 *
 * <p>Each task is a package of its own: {@code classify}, {@code retrieve}, {@code report} and
 * {@code segment}. They may use this package and know nothing of each other.
 */
@NullMarked
package io.t3d.core.task;

import org.jspecify.annotations.NullMarked;

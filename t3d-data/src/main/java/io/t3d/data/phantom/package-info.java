/**
 * Seeded phantoms: thorax-like CT volumes in HU with findings, masks and matching reports.
 *
 * <p>They exist so that training, evaluation and the tests run anywhere, with known truth and no
 * patient data: {@code PhantomConfig → PhantomGenerator → PhantomStudy → PhantomDataset}. They are
 * far simpler than patients: figures on phantoms say that the code learns, not how well it would do
 * in a clinic.
 *
 * <p>The patient's frame is millimetres with x to the patient's right, y anterior, z superior, like
 * the RAS+ world; its origin is mid-chest. A patient's left side has x &lt; 0.
 */
@NullMarked
package io.t3d.data.phantom;

import org.jspecify.annotations.NullMarked;

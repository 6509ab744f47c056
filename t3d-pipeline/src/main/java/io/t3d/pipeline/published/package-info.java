/**
 * Published CT vision-language models as folders that {@code TrainedModel.open} opens. {@link
 * io.t3d.pipeline.published.PublishedModels} does it; each model is one class that implements
 * {@link io.t3d.pipeline.published.PublishedKind} and stands in its list.
 */
@NullMarked
package io.t3d.pipeline.published;

import org.jspecify.annotations.NullMarked;

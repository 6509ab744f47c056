/** What a pre-trained model is for: zero-shot classification, retrieval and further tasks. */
package io.t3d.core.task;

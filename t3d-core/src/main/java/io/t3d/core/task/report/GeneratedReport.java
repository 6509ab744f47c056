package io.t3d.core.task.report;

/**
 * A report written by the model.
 *
 * @param text without special tokens; lower case where the vocabulary is
 * @param logProbability of all its tokens together, natural log
 * @param tokens how many tokens it has, the end token among them
 * @param finished whether it ended by itself; else the longest length cut it
 */
public record GeneratedReport(String text, double logProbability, int tokens, boolean finished) {}

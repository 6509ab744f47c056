package io.t3d.cli.page.part;

/**
 * What retrieval found.
 *
 * @param gallery number of pairs
 * @param note which score was used and why
 * @param ranks recall both ways and by chance
 */
public record Retrieval(int gallery, String note, Table ranks) {}

"""The searches of t3d-bench/compare-index by faiss, on the files that it wrote."""

import glob
import os
import sys
import time

import faiss
import numpy as np
from safetensors.numpy import load_file

K = 10
M = 16  # Lucene's defaults: 16 neighbours, 100 candidates while building, ours 200 in a search
BUILD = 100
SEARCH = 200


def report(name, build, index, queries, truth):
    index.search(queries, K)
    single = []
    for q in range(len(queries)):
        start = time.perf_counter()
        index.search(queries[q : q + 1], K)
        single.append(1e3 * (time.perf_counter() - start))
    start = time.perf_counter()
    _, found = index.search(queries, K)
    batch = 1e3 * (time.perf_counter() - start) / len(queries)
    truth = found if truth is None else truth
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(found, truth)])
    single.sort()
    print(
        f"| {name} | {build:.0f} s | {recall:.4f} | {single[len(single) // 2]:.2f} ms "
        f"| {single[int(0.95 * len(single))]:.2f} ms | {batch:.2f} ms |",
        flush=True,
    )
    return found


def main(work):
    threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    faiss.omp_set_num_threads(threads)
    parts = sorted(glob.glob(os.path.join(work, "part-*.safetensors")))
    queries = load_file(os.path.join(work, "queries.safetensors"))["volumes"]
    width = queries.shape[1]
    exact = faiss.IndexFlatIP(width)
    for part in parts:  # one file in memory at a time beside the index
        exact.add(load_file(part)["volumes"])
    truth = report(f"faiss {faiss.__version__}, exact", 0, exact, queries, None)
    del exact
    stored, note = os.path.join(work, "faiss.index"), os.path.join(work, "faiss.seconds")
    if not os.path.exists(note):
        graph = faiss.IndexHNSWFlat(width, M, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = BUILD
        built = 0
        for part in parts:
            rows = load_file(part)["volumes"]
            start = time.perf_counter()
            graph.add(rows)
            built += time.perf_counter() - start
        faiss.write_index(graph, stored)
        with open(note, "w") as file:
            file.write(str(built))
        del graph
    graph = faiss.read_index(stored)
    graph.hnsw.efSearch = SEARCH
    with open(note) as file:
        report("faiss, HNSW", float(file.read()), graph, queries, truth)


if __name__ == "__main__":
    main(sys.argv[1])

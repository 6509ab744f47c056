"""Reads a run's event files, and a projector's folder, by TensorBoard's own code.

    pip install tensorboard
    python read_events.py OUT/tensorboard [PROJECTOR]

Prints what its loaders, its accumulator, its dashboard of hyperparameters and its projector find.
"""

import glob
import os
import sys

from google.protobuf import text_format
from tensorboard.backend.event_processing import event_accumulator, event_file_loader
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.plugins.projector import projector_config_pb2

folder = sys.argv[1]
for file in sorted(glob.glob(os.path.join(folder, "events.out.tfevents.*"))):
    print(os.path.basename(file), len(list(event_file_loader.EventFileLoader(file).Load())), "events")

accumulator = event_accumulator.EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0, "images": 0})
accumulator.Reload()
for tag in accumulator.Tags()["scalars"]:
    values = accumulator.Scalars(tag)
    print(tag, [(v.step, round(v.value, 4)) for v in values][-2:])
for tag in accumulator.Tags()["tensors"]:
    values = accumulator.Tensors(tag)
    print(tag, len(values), "values, of plugin", accumulator.SummaryMetadata(tag).plugin_data.plugin_name,
          "last at step", values[-1].step)
for tag in accumulator.Tags()["images"]:
    print(tag, [(i.step, i.width, i.height, len(i.encoded_image_string)) for i in accumulator.Images(tag)])

start = accumulator.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
info = metadata.parse_session_start_info_plugin_data(start)
print(len(info.hparams), "hyperparameters, training.learningRate", info.hparams["training.learningRate"])
end = accumulator.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
print("end", metadata.parse_session_end_info_plugin_data(end))

if len(sys.argv) > 2:
    with open(os.path.join(sys.argv[2], "projector_config.pbtxt")) as text:
        config = text_format.Parse(text.read(), projector_config_pb2.ProjectorConfig())
    print(config)
    with open(os.path.join(sys.argv[2], config.embeddings[0].tensor_path)) as table:
        rows = [[float(x) for x in line.split("\t")] for line in table]
    print(len(rows), "vectors of", {len(r) for r in rows})

"""The one training loop of every task, on `accelerate`.

A task says what is learnt (`Task`: the model, its validation, how it is saved) and in which phases
(`Stage`: the batches and the loss); `train` does the rest:

    best = train(CaptionerTask(...), "runs/captioner")

On several GPUs or machines, start the same program with `accelerate launch --multi_gpu` (which is
also the way to several processes without a GPU); machines share the run's folder, which holds:

    config.json      what was asked for; going on with anything else is refused
    recipe.toml      the settings and the data: ``multimodal train … --config`` repeats the run
    metrics.jsonl    one line per log point (`"kind": "train"`) and per validation (`"kind": "dev"`)
    curves.png       the loss and the dev metric against steps
    samples.txt      what the model says after every epoch; pictures go to samples/
    tensorboard/     the same figures, where the `tensorboard` extra is installed
    best/, last/     the model in its user's form, as `Task.save` writes it
    state/           what it takes to go on after an interruption

Whatever ends a run (`kill -9`, a full disk, Ctrl-C), the same command goes on from the last saved
state and arrives at the same weights as an unbroken run: the order of data is a function of the
epoch, and the random state a function of the step.
"""

from multimodal.errors import TrainingStoppedError
from multimodal.seeds import derived_seed
from multimodal.training.loop import train
from multimodal.training.recipe import Batches, Recipe, Stage, Task, TrainingInput, TrainingOptions
from multimodal.training.schedule import batches_per_epoch, shuffled_batches
from multimodal.training.trainable_modules import TrainableModules

__all__ = [
    "Batches",
    "Recipe",
    "Stage",
    "Task",
    "TrainableModules",
    "TrainingInput",
    "TrainingOptions",
    "TrainingStoppedError",
    "batches_per_epoch",
    "derived_seed",
    "shuffled_batches",
    "train",
]

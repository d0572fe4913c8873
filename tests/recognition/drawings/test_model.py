import pytest
import torch

from multimodal.recognition.drawings.features import CHANNELS, PIECE_FEATURES
from multimodal.recognition.drawings.model import RecognizerConfig, RecognizerNetwork
from multimodal.recognition.pooled_rnn import FEW_STEPS, PooledRNN


@pytest.fixture(params=["rnn", "gru", "lstm"])
def rnn(request) -> PooledRNN:
    torch.manual_seed(1)
    return PooledRNN(request.param, input_size=3, hidden_size=5, layers=2, dropout=0.5).eval()


def test_a_reader_gives_the_state_and_the_peaks_so_far(rnn):
    inputs = torch.randn(2, 9, 3)
    outputs, memory = rnn(inputs)
    hidden, _ = rnn.core.unroll(inputs)
    assert outputs.shape == (2, 9, rnn.output_size)
    for t in range(9):
        torch.testing.assert_close(outputs[:, t, :5], hidden[:, t])
        torch.testing.assert_close(outputs[:, t, 5:], hidden[:, : t + 1].amax(1))
    torch.testing.assert_close(memory.peaks, hidden.amax(1))


@pytest.mark.parametrize("cut", [1, FEW_STEPS, FEW_STEPS + 1, 11])
def test_reading_in_parts_is_reading_at_once(rnn, cut):
    inputs = torch.randn(2, 12, 3)
    whole, at_once = rnn(inputs)
    first, memory = rnn(inputs[:, :cut])
    second, in_parts = rnn(inputs[:, cut:], memory)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    torch.testing.assert_close(in_parts.peaks, at_once.peaks)


def test_dropout_between_layers_is_on_in_training_however_few_the_steps(rnn):
    inputs = torch.ones(1, FEW_STEPS, 3)
    rnn.train()
    torch.manual_seed(0)
    assert not torch.equal(rnn(inputs)[0], rnn(inputs)[0])


@pytest.mark.parametrize("picture_size", [0, 16])
def test_every_weight_has_a_part_in_every_guess(config, picture_size):
    config = RecognizerConfig(**{**vars(config), "picture_size": picture_size})
    network = RecognizerNetwork(config, 4)
    pictures = torch.rand(3, CHANNELS, 16, 16) if picture_size else None
    pieces = torch.randn(2, 8, PIECE_FEATURES)
    logits = network(pieces, torch.tensor([0, 1, 1]), torch.tensor([7, 2, 5]), pictures)
    assert logits.shape == (3, 4)
    logits.logsumexp(-1).sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())
    assert network.embedding[0].weight.grad.abs().sum() > 0


def test_a_guess_does_not_see_later_pieces(config):
    network = RecognizerNetwork(config, 4).eval()
    pieces = torch.randn(1, 8, PIECE_FEATURES)
    other = pieces.clone()
    other[:, 4:] = 9
    row, end, pictures = torch.tensor([0]), torch.tensor([3]), torch.rand(1, CHANNELS, 16, 16)
    torch.testing.assert_close(
        network(pieces, row, end, pictures), network(other, row, end, pictures)
    )


def test_the_shipped_sizes_fit_into_six_megabytes():
    network = RecognizerNetwork(RecognizerConfig(), 345)
    assert 2 * sum(weight.numel() for weight in network.state_dict().values()) < 5.9e6

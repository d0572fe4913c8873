"""Models as ONNX files whose graphs do the whole job, generation included.

Each task has one `nn.Module` here that reads what a caller can hand in and gives what a caller
wants back. Its loop over time is torch's own `while_loop`, which torch's exporter turns into an
ONNX Loop; whole sequences are read by ONNX's recurrent operators. `graph.export_graph` makes a file
of such a module, `multimodal.portable` runs it without torch.
"""

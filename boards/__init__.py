"""Board definitions: one folder a board, data only, read by the firmware and by the host."""

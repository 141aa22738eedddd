"""What a prediction, a whole step and the training's features cost, measured side by side."""

"""What every place a cluster can live in must do."""

"""Comephore, Météo-France's hourly reanalysis of rain: download, archives, frames, grid, and the recipe's source."""

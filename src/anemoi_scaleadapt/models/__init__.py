"""The conditional mean, the residual diffusion, and the anemoi model that holds both."""

"""What real Microsoft kernels did in an emulator, as numbers and names, and the lab held to it."""

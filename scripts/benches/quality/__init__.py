"""The quality bench: the product's rankings on sets with published figures."""

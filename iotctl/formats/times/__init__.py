"""Texts and numbers to times, and local times to UTC."""

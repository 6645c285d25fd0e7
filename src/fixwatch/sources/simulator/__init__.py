"""Simulated FIX flow: clients, brokers and their orders, faults on purpose, a ledger of what was sent."""
